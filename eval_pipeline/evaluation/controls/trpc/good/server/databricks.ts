/** Runs one statement on the SQL warehouse and gives its rows. */

export interface Warehouse {
  query(statement: string): Promise<(string | null)[][]>;
}

interface StatementReply {
  status: { state: string; error?: { error_code: string; message: string } };
  result?: { data_array?: (string | null)[][] };
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; see .env.example`);
  return value;
}

function host(): string {
  const value = setting("DATABRICKS_HOST");
  return value.startsWith("http") ? value : `https://${value}`;
}

async function credential(): Promise<string> {
  return setting("DATABRICKS_TOKEN");
}

export const warehouse: Warehouse = {
  async query(statement) {
    const response = await fetch(`${host()}/api/2.0/sql/statements/`, {
      method: "POST",
      headers: { authorization: `Bearer ${await credential()}`, "content-type": "application/json" },
      body: JSON.stringify({ statement, warehouse_id: setting("DATABRICKS_WAREHOUSE_ID"), wait_timeout: "30s" }),
    });
    if (!response.ok) throw new Error(`the warehouse answered ${response.status}`);
    const reply = (await response.json()) as StatementReply;
    if (reply.status.state !== "SUCCEEDED") throw new Error(reply.status.error?.message ?? reply.status.state);
    return reply.result?.data_array ?? [];
  },
};
