// Run by the Thrift tests: talks through @databricks/sql as an app would. Only the workspace's name and port 443 are led
// to it, as in an app's sandbox.
const dns = require("node:dns");
const net = require("node:net");

const { HOST, PORT, TOKEN, HTTP_PATH, CLIENT_ID, CLIENT_SECRET, KIND, ARROW } = process.env;
const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  const [given, answer] = typeof options === "function" ? [{}, options] : [options || {}, done];
  if (name !== HOST) return lookup(name, given, answer);
  return given.all ? answer(null, [{ address: "127.0.0.1", family: 4 }]) : answer(null, "127.0.0.1", 4);
};
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function toTheWorkspace(...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (Number(options?.port) === 443) options.port = Number(PORT);
  return connect.apply(this, given);
};

const { DBSQLClient, DBSQLLogger, LogLevel } = require("@databricks/sql");

const credentials =
  KIND === "oauth"
    ? { authType: "databricks-oauth", oauthClientId: CLIENT_ID, oauthClientSecret: CLIENT_SECRET }
    : { token: TOKEN };

async function main() {
  const logger = new DBSQLLogger();
  logger.setLevel(LogLevel.error);
  const client = new DBSQLClient({ logger });
  await client.connect({ host: HOST, path: HTTP_PATH, arrowEnabled: ARROW !== "no", ...credentials });
  const session = await client.openSession({ initialCatalog: "samples", initialSchema: "tpch" });
  const ask = async (sql, options = {}) => {
    const operation = await session.executeStatement(sql, options);
    const rows = await operation.fetchAll();
    await operation.close();
    return rows;
  };
  const found = {};
  found.row = await ask(
    "SELECT 1 AS n, 'a' AS s, NULL AS z, cast(1.5 AS DECIMAL(10, 2)) AS d, DATE '2024-01-02' AS day," +
      " TIMESTAMP '2024-01-02 03:04:05.5' AS at, true AS b, cast(2 AS BIGINT) AS l, 1.5D AS f",
  );
  found.named = await ask("SELECT count(*) AS c FROM nation WHERE n_regionkey = :r", { namedParameters: { r: 2 } });
  found.positional = await ask("SELECT ? AS a, '?' AS q", { ordinalParameters: [7] });
  found.many = (await ask("SELECT id FROM range(25000)", { maxRows: 1000 })).length;
  found.nothing = await ask("SELECT n_name FROM nation WHERE false");
  try {
    await ask("SELECT * FROM nope");
  } catch (error) {
    found.error = [error.constructor.name, error.message, error.response?.sqlState];
  }
  const tables = await session.getTables({ catalogName: "samples", schemaName: "tpch" });
  found.tables = (await tables.fetchAll()).length;
  await session.close();
  await client.close();
  console.log(JSON.stringify(found));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
