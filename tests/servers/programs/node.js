// Answers every request with 200 and three bytes, writes a line of requests.log for each request executed.
const fs = require('node:fs');
const http = require('node:http');

const [address, port, idleSeconds] = process.argv.slice(2);
const log = fs.openSync('requests.log', 'a');
const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    fs.writeSync(log, `${request.headers['x-request-id'] ?? '-'}\n`);
    response.end('ok\n');
  });
});
server.keepAliveTimeout = Number(idleSeconds) * 1000;
server.listen(Number(port), address);
