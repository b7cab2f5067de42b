import { describe, expect, it } from 'vitest';
import type { AmfValue } from '../../wire/rtmp/amf0.js';
import { readConnect } from './connect-command.js';

const GOOD = { app: 'live', tcUrl: 'rtmp://h/live', flashVer: 'LNX 9,0,124,2' };

describe('connect', () => {
  it('is read', () => {
    expect(readConnect([GOOD])).toEqual({
      target: { app: 'live', query: '', host: 'h', isSecure: false },
      agent: 'LNX 9,0,124,2',
      isSrsEdge: false,
      objectEncoding: 0,
      urls: { tcUrl: 'rtmp://h/live', pageUrl: '', swfUrl: '' },
      enhanced: {},
      canReconnect: false,
    });
  });

  it('tells the user and the password of the tcUrl apart from it', () => {
    const tcUrl = 'rtmp://me:p%40ss@h/live';
    expect(readConnect([{ ...GOOD, tcUrl, pageUrl: 'http://p\u0000', swfUrl: 7 }])).toMatchObject({
      target: { host: 'h' },
      urls: { tcUrl: 'rtmp://h/live', pageUrl: 'http://p', swfUrl: '' },
      user: 'me',
      password: 'p@ss',
    });
  });

  it('knows an SRS edge by its arguments', () => {
    const args = {
      srs_sig: 'SRS',
      srs_server: 'SRS/6.0.157',
      srs_version: '6.0.157',
      srs_server_ip: '10.0.0.1',
    };
    expect(readConnect([GOOD, args])).toMatchObject({ isSrsEdge: true, agent: 'SRS/6.0.157' });
    expect(readConnect([GOOD, { other: 1 }])).toMatchObject({ isSrsEdge: false });
    expect(readConnect([{ ...GOOD, srs_sig: 'SRS' }])).toMatchObject({ isSrsEdge: false });
  });

  it.each<[string, AmfValue[]]>([
    ['no command object', []],
    ['null', [null]],
    ['an array', [[1]]],
    ['text', ['live']],
    ['no app', [{ tcUrl: 'rtmp://h/live' }]],
    ['an app that is no text', [{ ...GOOD, app: 7 }]],
    ['a tcUrl that is no text', [{ ...GOOD, tcUrl: {} }]],
    ['a tcUrl that is no URL', [{ ...GOOD, tcUrl: 'http//x' }]],
  ])('without what it needs has a problem: %s', (_name, values) => {
    expect(readConnect(values)).toEqual({ problem: expect.any(String) });
  });

  it.each(['', '/'])('may leave the app to the key: %j', (app) => {
    expect(readConnect([{ ...GOOD, app }])).toMatchObject({ target: { app: '' } });
  });

  it('needs no tcUrl', () => {
    expect(readConnect([{ app: 'live' }])).toMatchObject({ target: { app: 'live' } });
  });

  it('cleans what a client calls itself', () => {
    expect(readConnect([{ ...GOOD, flashVer: `a\u0007\n\u001b[31mb${'c'.repeat(500)}` }])).toMatchObject({
      agent: expect.stringMatching(/^a\[31mbc{1,120}$/),
    });
    expect(readConnect([{ ...GOOD, flashVer: 5 }])).toMatchObject({ agent: '' });
  });
});
