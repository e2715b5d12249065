export type Cell = string | null
export type Execute = (statement: string, parameters: { name: string; value: string; type: string }[]) => Promise<Cell[][]>

interface Reply {
  status: { state: string; error?: { message: string } }
  result?: { data_array?: Cell[][] }
}

export const execute: Execute = async (statement, parameters) => {
  const reply = await fetch(`${process.env.DATABRICKS_HOST}/api/2.0/sql/statements`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.DATABRICKS_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      statement,
      parameters,
      warehouse_id: process.env.DATABRICKS_WAREHOUSE_ID,
      wait_timeout: '50s',
    }),
  })
  if (!reply.ok) throw new Error(`The warehouse answered ${reply.status}`)
  const body = (await reply.json()) as Reply
  if (body.status.state !== 'SUCCEEDED') throw new Error(body.status.error?.message ?? body.status.state)
  return body.result?.data_array ?? []
}
