import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROXY_HEADER_BYTES_MAX, readProxyHeader } from './proxy-header.js';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** A version 2 header, whatever its parts say. */
function v2(command: number, family: number, body: Buffer, length = body.length): Buffer {
  const head = Buffer.from([0x20 | command, family, length >> 8, length & 0xff]);
  return Buffer.concat([SIGNATURE, head, body]);
}

const ipv4 = (...tlvs: Buffer[]): Buffer =>
  v2(1, 0x11, Buffer.concat([Buffer.from([192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x07, 0x8f]), ...tlvs]));

const tlv = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);

const v1 = (text: string) => readProxyHeader(Buffer.from(text, 'latin1'));

describe('version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.7 10.0.0.1 8080 1935\r\nrest', { ip: '192.0.2.7', port: 8080 }, 41],
    ['PROXY TCP6 2001:db8::7 ::1 65535 0\r\n', { ip: '2001:db8::7', port: 65_535 }, 36],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n', { ip: '192.0.2.7', port: 1 }, 37],
    ['PROXY UNKNOWN\r\n', null, 15],
    ['PROXY UNKNOWN whatever it may be\r\n', null, 34],
  ])('reads %j', (text, client, bytes) => {
    expect(v1(text)).toEqual({ kind: 'header', bytes, client, isSecure: null });
  });

  it.each([
    'PROXY TCP4 192.0.2.7 10.0.0.1 8080\r\n',
    'PROXY TCP4 192.0.2.7 ::1 8080 1\r\n',
    'PROXY TCP6 ::1 10.0.0.1 8080 1\r\n',
    'PROXY TCP4 192.0.2.7 10.0.0.1 65536 1\r\n',
    'PROXY TCP4 192.0.2.7 10.0.0.1 08 1\r\n',
    'PROXY TCP4 192.0.2.07 10.0.0.1 8 1\r\n',
    'PROXY TCP4 2001:db8::7 ::1 8 1\r\n',
    'PROXY TCP4  192.0.2.7 10.0.0.1 8 1\r\n',
    'PROXY TCP4 192.0.2.7 10.0.0.1 8 1 more\r\n',
    'PROXY UDP4 192.0.2.7 10.0.0.1 8 1\r\n',
    'PROXY \r\n',
    `PROXY TCP4 ${'9'.repeat(120)}`,
  ])('refuses %j', (text) => {
    expect(v1(text).kind).toBe('invalid');
  });

  it('is awaited for as long as its line may be, and no longer', () => {
    const line = `PROXY UNKNOWN ${'x'.repeat(91)}`;
    expect(line).toHaveLength(105);
    for (const begun of ['', 'P', 'PROXY', 'PROXY ', line, `${line}\r`])
      expect(v1(begun)).toEqual({ kind: 'incomplete' });
    expect(v1(`${line}\r\n`)).toMatchObject({ kind: 'header', bytes: 107 });
    expect(v1(`${line}xx`).kind).toBe('invalid');
    expect(v1(`${line}x\r\n`).kind).toBe('invalid');
  });
});

describe('what is wrong with a header', () => {
  it.each([
    ['PROXY TCP4 1', { kind: 'incomplete' }],
    [`PROXY TCP4 ${'9'.repeat(120)}`, 'version 1 has no end of line within 107 bytes'],
    ['PROXY UDP4 192.0.2.7 10.0.0.1 8 1\r\n', 'version 1 names a protocol other than TCP4, TCP6 and UNKNOWN'],
    ['PROXY TCP4 a b 8 1\r\n', 'version 1 has no two addresses and ports of its family'],
    [v2(2, 0x11, Buffer.alloc(12)), 'version 2 has no command 2'],
    [v2(0x10 | 1, 0x11, Buffer.alloc(12)), 'version 3 is none that there is'],
    [v2(1, 0x41, Buffer.alloc(12)), 'version 2 has no family 4 with transport 1'],
    [v2(1, 0x11, Buffer.alloc(12), 4081), 'it has 4097 bytes, more than 4096'],
    [v2(1, 0x21, Buffer.alloc(12)), 'its length has no room for its addresses'],
    [ipv4(Buffer.from([0x20, 0, 9, 1])), 'a TLV reaches beyond its end'],
  ])('is told: %j', (bytes, problem) => {
    const expected = typeof problem === 'string' ? { kind: 'invalid', problem } : problem;
    expect(readProxyHeader(Buffer.from(bytes as string, 'latin1'))).toEqual(expected);
  });
});

describe('version 2', () => {
  it('reads IPv4, IPv6 as sockets write it, and passes over TLVs that say nothing to us', () => {
    const header = ipv4(tlv(0x02, Buffer.from('live.example.com')), tlv(0x04, Buffer.alloc(40)));
    const client = { ip: '192.0.2.7', port: 8080 };
    expect(readProxyHeader(Buffer.concat([header, Buffer.from('rest')]))).toEqual({
      kind: 'header',
      bytes: header.length,
      client,
      isSecure: null,
    });
    const body = Buffer.alloc(36);
    Buffer.from('20010db8000000000000000000000007', 'hex').copy(body);
    body.writeUInt16BE(4711, 32);
    expect(readProxyHeader(v2(1, 0x21, body))).toMatchObject({ client: { ip: '2001:db8::7', port: 4711 } });
  });

  it('may be as long as it is read at most', () => {
    const longest = ipv4(tlv(0x04, Buffer.alloc(PROXY_HEADER_BYTES_MAX - 28 - 3)));
    expect(longest).toHaveLength(PROXY_HEADER_BYTES_MAX);
    expect(readProxyHeader(longest)).toMatchObject({ kind: 'header', bytes: PROXY_HEADER_BYTES_MAX });
  });

  it('knows whether the client came by TLS', () => {
    const ssl = (flags: number) => tlv(0x20, Buffer.from([flags, 0, 0, 0, 0]));
    expect(readProxyHeader(ipv4(ssl(1)))).toMatchObject({ isSecure: true });
    expect(readProxyHeader(ipv4(ssl(0)))).toMatchObject({ isSecure: false });
    // A TLV that has nothing in it tells nothing, be it the last one.
    expect(readProxyHeader(ipv4(tlv(0x20, Buffer.alloc(0))))).toMatchObject({ isSecure: null });
    expect(readProxyHeader(ipv4(tlv(0x04, Buffer.alloc(0)), ssl(1)))).toMatchObject({ isSecure: true });
  });

  it.each([
    ['LOCAL', v2(0, 0x00, Buffer.alloc(0))],
    ['LOCAL with bytes that nobody need read', v2(0, 0xff, Buffer.alloc(9, 0xff))],
    ['AF_UNSPEC', v2(1, 0x00, Buffer.alloc(0))],
    ['AF_UNIX', v2(1, 0x31, Buffer.alloc(216))],
    ['UDP', v2(1, 0x12, Buffer.alloc(12))],
  ])('%s names no client', (_, header) => {
    expect(readProxyHeader(header)).toMatchObject({ kind: 'header', client: null, bytes: header.length });
  });

  it.each([
    ['version 3', Buffer.concat([SIGNATURE, Buffer.from([0x31, 0x11, 0, 12]), Buffer.alloc(12)])],
    ['an unknown command', v2(2, 0x11, Buffer.alloc(12))],
    ['an unknown family', v2(1, 0x41, Buffer.alloc(12))],
    ['an unknown transport', v2(1, 0x13, Buffer.alloc(12))],
    ['a length too short for its addresses', v2(1, 0x21, Buffer.alloc(12))],
    ['a length of 65535', v2(1, 0x11, Buffer.alloc(12), 0xffff)],
    ['a TLV that reaches beyond the end', ipv4(Buffer.from([0x20, 0, 9, 1]))],
    ['half a TLV', ipv4(Buffer.from([0x20]))],
  ])('refuses %s', (_, header) => {
    expect(readProxyHeader(header).kind).toBe('invalid');
  });
});

it.each(['\u0003', 'GET / HTTP/1.1', 'POST /', 'PROPFIND /', '\u0016\u0003\u0001', '\r\n\r\nGET'])(
  'leaves %j to the protocol',
  (text) => expect(v1(text)).toEqual({ kind: 'none' }),
);

describe('whatever comes', () => {
  const header = fc.oneof(
    fc.constantFrom(
      Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 8080 1935\r\n'),
      ipv4(tlv(0x20, Buffer.alloc(5))),
    ),
    fc
      .tuple(fc.nat(255), fc.nat(255), fc.nat(0xffff), fc.uint8Array({ maxLength: 300 }))
      .map(([command, family, length, body]) =>
        Buffer.concat([
          SIGNATURE,
          Buffer.from([command, family, length >> 8, length & 0xff]),
          Buffer.from(body),
        ]),
      ),
    fc.string({ maxLength: 200 }).map((text) => Buffer.from(`PROXY ${text}`, 'latin1')),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );

  it('is never an exception, never longer than its bound, and never waits for ever', () => {
    fc.assert(
      fc.property(header, (bytes) => {
        const read = readProxyHeader(bytes);
        if (read.kind === 'header') expect(read.bytes).toBeLessThanOrEqual(bytes.length);
        const padded = Buffer.concat([bytes, Buffer.alloc(PROXY_HEADER_BYTES_MAX)]);
        expect(readProxyHeader(padded).kind).not.toBe('incomplete');
      }),
    );
  });

  it('means the same however it is cut', () => {
    fc.assert(
      fc.property(header, fc.nat(), (bytes, cut) => {
        const whole = readProxyHeader(bytes);
        const part = readProxyHeader(bytes.subarray(0, cut % (bytes.length + 1)));
        // What is decided by the first bytes is not taken back by more of them.
        if (part.kind !== 'incomplete') expect(whole).toEqual(part);
      }),
    );
  });
});
