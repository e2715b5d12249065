export interface WarehouseOptions {
  host: string
  warehouseId: string
  token?: string
  clientId?: string
  clientSecret?: string
}

export interface Parameter {
  name: string
  value: string
  type: 'STRING' | 'INT' | 'DOUBLE' | 'DATE'
}

export type Row = Record<string, string | null>

interface StatementReply {
  statement_id: string
  status: { state: string; error?: { message?: string } }
  manifest?: { schema: { columns: { name: string }[] } }
  result?: { data_array?: (string | null)[][] }
}

export function warehouseFromEnv(env: NodeJS.ProcessEnv): WarehouseOptions {
  const host = (env.DATABRICKS_HOST ?? '').replace(/\/+$/, '')
  return {
    host: /^https?:/.test(host) ? host : `https://${host}`,
    warehouseId: env.DATABRICKS_WAREHOUSE_ID ?? '',
    token: env.DATABRICKS_TOKEN,
    clientId: env.DATABRICKS_CLIENT_ID,
    clientSecret: env.DATABRICKS_CLIENT_SECRET,
  }
}

export class Warehouse {
  private oauth?: { token: string; until: number }

  constructor(private readonly options: WarehouseOptions) {}

  private async token(): Promise<string> {
    if (this.options.token) return this.options.token
    if (this.oauth && this.oauth.until > Date.now()) return this.oauth.token
    const basic = Buffer.from(`${this.options.clientId}:${this.options.clientSecret}`).toString('base64')
    const reply = await fetch(`${this.options.host}/oidc/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
    })
    if (!reply.ok) throw new Error(`sign-in failed with ${reply.status}`)
    const body = (await reply.json()) as { access_token: string; expires_in: number }
    this.oauth = { token: body.access_token, until: Date.now() + (body.expires_in - 60) * 1000 }
    return body.access_token
  }

  async query(statement: string, parameters: Parameter[] = []): Promise<Row[]> {
    const headers = { authorization: `Bearer ${await this.token()}`, 'content-type': 'application/json' }
    const url = `${this.options.host}/api/2.0/sql/statements`
    let reply = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ statement, parameters, warehouse_id: this.options.warehouseId, wait_timeout: '30s' }),
    })
    for (;;) {
      if (!reply.ok) throw new Error(`warehouse answered ${reply.status}`)
      const body = (await reply.json()) as StatementReply
      if (body.status.state === 'SUCCEEDED') return toRows(body)
      if (body.status.state !== 'PENDING' && body.status.state !== 'RUNNING') {
        throw new Error(body.status.error?.message ?? body.status.state)
      }
      await new Promise((done) => setTimeout(done, 500))
      reply = await fetch(`${url}/${body.statement_id}`, { headers })
    }
  }
}

export function toRows(body: Pick<StatementReply, 'manifest' | 'result'>): Row[] {
  const names = body.manifest?.schema.columns.map((c) => c.name) ?? []
  return (body.result?.data_array ?? []).map((row) => Object.fromEntries(names.map((n, i) => [n, row[i] ?? null])))
}
