/** What people call members and where they stand: what the config takes. */

const MEMBER_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
const NETWORK_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/i;
const ZONE_LENGTH_MAX = 64;
/** Control characters end a line of a log or header; lone surrogates are no text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** 1 to 63 letters, digits, dots, hyphens or underscores, the first a letter or digit. */
export function isMemberName(text: string): boolean {
  return MEMBER_NAME.test(text);
}

/** A network of `advertise`: as a member's name, without dots. */
export function isNetworkName(text: string): boolean {
  return NETWORK_NAME.test(text);
}

/** 1 to 64 characters in one line, without blanks around them. */
export function isZone(text: string): boolean {
  return (
    text.length >= 1 && text.length <= ZONE_LENGTH_MAX && text.trim() === text && !UNPRINTABLE.test(text)
  );
}
