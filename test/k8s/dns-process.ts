import { type DnsAnswer, DnsServer } from '@headwater/testing/dns-server';

/** A name server in a process of its own, at the address that it is given; it is told its records by its parent. */
const server = await DnsServer.listen({ host: process.argv[2] ?? '', port: 53 });

process.on('message', (records) => {
  server.answers.clear();
  for (const [name, answer] of Object.entries(records as Record<string, DnsAnswer>))
    server.answers.set(name, answer);
  console.log('published');
});
process.once('disconnect', () => process.exit());
console.log('listening');
