import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const HEADER_BYTES = 12;
const LOOPBACK = { host: '127.0.0.1', port: 0 };

/**
 * What one name leads to: addresses (none: there is nothing of it), a code of RFC 1035, no answer at all, or one that is
 * `held` until the test lets it go.
 */
export type DnsAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence' | 'held';

const CODES = { NXDOMAIN: 3, SERVFAIL: 2 };

/** A name server (RFC 1035, RFC 3596), as far as tests need one. It knows what it is told to. */
export class DnsServer {
  /** By full name in small letters; NXDOMAIN where absent. */
  readonly answers = new Map<string, DnsAnswer>();
  /** By full name: what is answered to questions for IPv6, where that is another answer. */
  readonly answers6 = new Map<string, DnsAnswer>();
  /** Each question for IPv4 addresses, by its name; one that is sent again, since its answer is late, counts once. */
  readonly asked: string[] = [];
  /** Likewise for IPv6. */
  readonly asked6: string[] = [];
  readonly #noted = new Set<string>();
  readonly #socket: Socket;
  readonly #held: { readonly question: Buffer; readonly from: RemoteInfo }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (question, from) => this.#answer(question, from));
  }

  /** On a free port of loopback unless told otherwise. */
  static async listen(at: { readonly host: string; readonly port: number } = LOOPBACK): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(at.port, at.host, resolve);
    });
    return new DnsServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  /** Answers all questions that were held, by what stands in `answers` now. */
  letGo(): void {
    for (const { question, from } of this.#held.splice(0)) this.#answer(question, from);
  }

  #note(name: string, type: number, id: number): void {
    const question = `${id} ${type} ${name}`;
    if (this.#noted.has(question)) return;
    this.#noted.add(question);
    if (type === TYPE_A) this.asked.push(name);
    if (type === TYPE_AAAA) this.asked6.push(name);
  }

  #answer(question: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(question);
    const type = question.readUInt16BE(end);
    this.#note(name, type, question.readUInt16BE(0));
    const answer = (type === TYPE_AAAA && this.answers6.get(name)) || (this.answers.get(name) ?? 'NXDOMAIN');
    if (answer === 'held') this.#held.push({ question, from });
    if (answer === 'silence' || answer === 'held') return;
    const addresses = typeof answer === 'string' ? [] : answer;
    const records = addresses
      .filter((address) => isIPv4(address) === (type === TYPE_A) && [TYPE_A, TYPE_AAAA].includes(type))
      .map((address) => record(type, address));
    const header = Buffer.from(question.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8180 | (typeof answer === 'string' ? CODES[answer] : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    this.#socket.send(
      Buffer.concat([header, question.subarray(HEADER_BYTES, end + 4), ...records]),
      from.port,
      from.address,
    );
  }
}

function readName(question: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** A resource record for the name in the question (a pointer to byte 12). */
function record(type: number, address: string): Buffer {
  const data = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(1, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [
    ...groups(head),
    ...Array<string>(tail === undefined ? 0 : missing).fill('0'),
    ...groups(tail),
  ];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
