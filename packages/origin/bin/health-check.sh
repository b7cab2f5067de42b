#!/bin/bash
# Whether the member of this container is ready, as `headwater health` tells it. It is asked each few seconds, and to start
# node costs more CPU than an idle member takes meanwhile: so the shell asks by itself, which costs a few milliseconds. What
# is more than a plain question, and what the answer no says, is left to the command.
if [[ -z ${HEADWATER_API-} && ${HEADWATER_API_PORT:-1985} =~ ^[0-9]{1,5}$ ]]; then
  if { exec 3<>"/dev/tcp/127.0.0.1/${HEADWATER_API_PORT:-1985}"; } 2>/dev/null; then
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
    if read -r -t 3 -u 3 version status _ && [[ $version == HTTP/1.* && $status == 200 ]]; then
      echo ready
      exit 0
    fi
    exec 3>&-
  fi
fi
exec headwater health
