/** What somebody sees who opens the port in a browser. */
export function welcomeText(memberName: string, hostHeader: string | undefined): string {
  const host = hostHeader !== undefined && /^[\w.:[\]-]{1,255}$/.test(hostHeader) ? hostHeader : 'HOST:PORT';
  return `Headwater, an origin cluster for live video. This is member ${memberName}.

Play:     http://${host}/APP/STREAM.flv   (HTTP-FLV; a stream on another member is redirected to or relayed)
          ws://${host}/APP/STREAM.flv     (WebSocket-FLV)
Publish:  POST FLV to http://${host}/APP/STREAM.flv, or send it by WebSocket with subprotocol "publisher"

A stream that nobody publishes yet is waited for.`;
}
