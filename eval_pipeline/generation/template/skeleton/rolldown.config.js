// The server in one file, its dependencies included, so that `node dist/server.js` is all it takes to start.
export default {
  input: "server/src/main.ts",
  platform: "node",
  output: { file: "dist/server.js", format: "esm", codeSplitting: false },
};
