const http = require('node:http');
const [address, port, upstream] = process.argv.slice(2);
const [host, upstreamPort] = upstream.split(':');
const agent = new http.Agent({ keepAlive: true });

http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
  const { connection, ...headers } = request.headers;
  const forwarded = http.request({ host, port: upstreamPort, method: request.method, path: request.url, headers, agent, setHost: false }, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  forwarded.on('error', () => {
    if (!response.headersSent) {
      response.writeHead(502).end();
    } else {
      response.destroy();
    }
  });
  request.pipe(forwarded);
}).listen(Number(port), address);
