import { type AmfObject, type AmfValue, amfObject } from '../../wire/rtmp/amf0.js';
import { cleanAgent } from '../stream-name.js';
import { canReconnect, enhancedCapabilities } from './enhanced-capabilities.js';
import { type ConnectTarget, readConnectTarget } from './stream-target.js';

/** A valid `connect`. */
export interface ConnectCommand {
  readonly target: ConnectTarget;
  readonly agent: string;
  /** SRS edges follow a redirect; they are known by the arguments after the command object. */
  readonly isSrsEdge: boolean;
  /** 0 or 3; everything is sent in AMF0 either way. */
  readonly objectEncoding: number;
  /** What it tells of where it comes from; hooks are told it. */
  readonly urls: { readonly tcUrl: string; readonly pageUrl: string; readonly swfUrl: string };
  /** Of the tcUrl. */
  readonly user?: string;
  readonly password?: string;
  /** Enhanced RTMP: what to answer of ours; empty where the client told nothing of its own. */
  readonly enhanced: AmfObject;
  /** Enhanced RTMP: it goes to another server when it is asked to. */
  readonly canReconnect: boolean;
}

/** Reads the values after the command's name and transaction; the problem as a sentence for the client. */
export function readConnect(values: readonly AmfValue[]): ConnectCommand | { readonly problem: string } {
  const options = amfObject(values[0]);
  if (options === null) return { problem: 'connect came without a command object' };
  const { app, tcUrl, pageUrl, swfUrl, flashVer, objectEncoding } = options;
  if (typeof app !== 'string') return { problem: 'connect names no app' };
  if (tcUrl !== undefined && tcUrl !== null && typeof tcUrl !== 'string') {
    return { problem: 'the tcUrl of connect is no text' };
  }
  if (typeof tcUrl === 'string' && !/^rtmp[a-z]*:\/\/[^/]/i.test(tcUrl)) {
    return { problem: 'the tcUrl of connect is no RTMP URL' };
  }
  const srs = amfObject(values[1]);
  const isSrsEdge = typeof srs?.srs_sig === 'string' || typeof srs?.srs_version === 'string';
  const srsVersion = srs?.srs_version;
  return {
    target: readConnectTarget(app, tcUrl ?? ''),
    agent: cleanAgent(isSrsEdge ? `SRS/${typeof srsVersion === 'string' ? srsVersion : ''}` : flashVer),
    isSrsEdge,
    objectEncoding: objectEncoding === 3 ? 3 : 0,
    urls: { tcUrl: withoutUser(cleanUrl(tcUrl)), pageUrl: cleanUrl(pageUrl), swfUrl: cleanUrl(swfUrl) },
    ...userOf(cleanUrl(tcUrl)),
    enhanced: enhancedCapabilities(options),
    canReconnect: canReconnect(options),
  };
}

const URL_LENGTH_MAX = 2048;
const USER_OF_URL = /^([a-z]+:\/\/)([^/?#@]*)@/i;

function cleanUrl(url: AmfValue | undefined): string {
  return typeof url === 'string'
    ? url
        .slice(0, URL_LENGTH_MAX)
        .replace(/\p{Cc}/gu, '')
        .toWellFormed()
    : '';
}

const withoutUser = (url: string): string => url.replace(USER_OF_URL, '$1');

/** `user:password@`, each percent-decoded where that is possible. */
function userOf(url: string): { readonly user?: string; readonly password?: string } {
  const text = USER_OF_URL.exec(url)?.[2];
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  if (colon < 0) return { user: decoded(text) };
  return { user: decoded(text.slice(0, colon)), password: decoded(text.slice(colon + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
