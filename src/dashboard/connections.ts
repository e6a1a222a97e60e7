/**
 * How many connections there are, and how long each may take to ask and to be answered. One who asks slowly, or takes
 * nothing, costs a file and some memory in the process of an application: so both are bounded.
 */
import { createServer, type RequestListener, type Server } from 'node:http'

export interface ConnectionLimits {
  /** More than this are refused by closing them. */
  readonly connectionsMax: number
  /** From the beginning of a request, or of the connection, to the end of the headers. */
  readonly headersMs: number
  /** To the end of the request, with whatever body it has. */
  readonly requestMs: number
  /** A connection on which nothing moves for this long is closed: events have a beat, so theirs do move. */
  readonly idleMs: number
}

const usualLimits: ConnectionLimits = {
  connectionsMax: 400,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 120_000,
}

export function boundedServer(listener: RequestListener, limits: ConnectionLimits = usualLimits): Server {
  const { connectionsMax, headersMs, requestMs, idleMs } = limits
  const server = createServer(
    { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: Math.ceil(headersMs / 2) },
    listener,
  )
  server.maxConnections = connectionsMax
  server.timeout = idleMs
  return server
}
