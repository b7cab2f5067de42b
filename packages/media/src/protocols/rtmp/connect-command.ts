import { type AmfObject, type AmfValue, amfObject } from '../../wire/rtmp/amf0.js';
import { cleanAgent } from '../stream-name.js';
import { enhancedCapabilities } from './enhanced-capabilities.js';
import { type ConnectTarget, readConnectTarget } from './stream-target.js';

/** A valid `connect`. */
export interface ConnectCommand {
  readonly target: ConnectTarget;
  readonly agent: string;
  /** SRS edges follow a redirect; they are known by the arguments after the command object. */
  readonly isSrsEdge: boolean;
  /** 0 or 3; everything is sent in AMF0 either way. */
  readonly objectEncoding: number;
  /** Enhanced RTMP: what to answer of ours; empty where the client told nothing of its own. */
  readonly enhanced: AmfObject;
}

/** Reads the values after the command's name and transaction; the problem as a sentence for the client. */
export function readConnect(values: readonly AmfValue[]): ConnectCommand | { readonly problem: string } {
  const options = amfObject(values[0]);
  if (options === null) return { problem: 'connect came without a command object' };
  const { app, tcUrl, flashVer, objectEncoding } = options;
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
    enhanced: enhancedCapabilities(options),
  };
}
