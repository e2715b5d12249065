'use strict'

class Warehouse {
  constructor (env, fetcher = fetch) {
    this.host = (env.DATABRICKS_HOST || '').replace(/\/+$/, '')
    this.clientId = env.DATABRICKS_CLIENT_ID
    this.clientSecret = env.DATABRICKS_CLIENT_SECRET
    this.warehouseId = env.DATABRICKS_WAREHOUSE_ID
    this.fetch = fetcher
    this.token = null
    this.until = 0
  }

  async authorization () {
    if (!this.token || Date.now() > this.until) {
      const basic = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64')
      const reply = await this.fetch(`${this.host}/oidc/v1/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' })
      })
      if (!reply.ok) throw new Error(`sign-in refused (${reply.status})`)
      const body = await reply.json()
      this.token = body.access_token
      this.until = Date.now() + (body.expires_in - 60) * 1000
    }
    return `Bearer ${this.token}`
  }

  async query (statement, parameters = []) {
    const reply = await this.fetch(`${this.host}/api/2.0/sql/statements`, {
      method: 'POST',
      headers: { authorization: await this.authorization(), 'content-type': 'application/json' },
      body: JSON.stringify({
        statement,
        parameters,
        warehouse_id: this.warehouseId,
        wait_timeout: '40s',
        on_wait_timeout: 'CANCEL'
      })
    })
    const body = await reply.json()
    if (!reply.ok) throw new Error(body.message || `HTTP ${reply.status}`)
    if (body.status.state !== 'SUCCEEDED') throw new Error(body.status.error?.message ?? body.status.state)
    return body.result?.data_array ?? []
  }
}

module.exports = { Warehouse }
