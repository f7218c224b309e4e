// The reference of the authorize benchmark: node:http alone. It reads the body and answers the bytes and headers it was
// given on its command line.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [body, headerList] = process.argv.slice(2);
const headers = JSON.parse(headerList ?? '[]') as string[];

const server = createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(body, 'latin1');
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
