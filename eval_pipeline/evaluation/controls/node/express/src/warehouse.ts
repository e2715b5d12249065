export type Row = (string | null)[];
export type Statement = (sql: string) => Promise<Row[]>;

interface Reply {
  status?: { state: string; error?: { message: string } };
  result?: { data_array?: Row[] };
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** Runs one statement on the SQL warehouse. */
export const statement: Statement = async (sql) => {
  const response = await fetch(`${setting("DATABRICKS_HOST")}/api/2.0/sql/statements/`, {
    method: "POST",
    headers: { authorization: `Bearer ${setting("DATABRICKS_TOKEN")}`, "content-type": "application/json" },
    body: JSON.stringify({
      statement: sql,
      warehouse_id: setting("DATABRICKS_WAREHOUSE_ID"),
      wait_timeout: "30s",
    }),
  });
  const reply = (await response.json()) as Reply;
  if (reply.status?.state !== "SUCCEEDED") {
    throw new Error(reply.status?.error?.message ?? `the warehouse answered ${response.status}`);
  }
  return reply.result?.data_array ?? [];
};
