/** The IP of `address:port`, so that a client's next connection is known as the same client's. */
export function addressOf(remote: string): string {
  const colon = remote.lastIndexOf(':');
  return colon < 0 ? remote : remote.slice(0, colon);
}
