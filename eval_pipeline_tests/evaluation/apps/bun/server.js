require("node:http")
  .createServer((request, response) => response.end(request.url === "/health" ? '{"status":"ok"}' : "not found"))
  .listen(Number(process.env.PORT));
