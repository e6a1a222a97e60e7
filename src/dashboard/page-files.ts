/**
 * The built page: a handful of files, read once and kept compressed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The same from `src` and from `dist`: where the build puts it. */
const built = new URL('../../dist/dashboard/page/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped: Buffer
  /** Its name changes with what is in it. */
  readonly isLasting: boolean
}

export class PageFiles {
  readonly #files = new Map<string, PageFile>()

  constructor(dir: URL = built) {
    if (!existsSync(dir)) return
    for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      const type = types[extname(path)]
      if (type === undefined) continue
      const bytes = readFileSync(new URL(path, dir))
      const file = { type, bytes, gzipped: gzipSync(bytes), isLasting: path.startsWith('assets') }
      this.#files.set(`/${path.replaceAll('\\', '/')}`, file)
    }
  }

  /** Whether this is a file, and not a view of the page. */
  has(pathname: string): boolean {
    return this.#files.has(pathname)
  }

  /** A file, or the page, which finds its view by the address. */
  reply(request: IncomingMessage, response: ServerResponse, pathname: string): void {
    const file = this.#files.get(pathname) ?? this.#files.get('/index.html')
    if (file === undefined) {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('The page of the dashboard is not built: run "npm run build:page" in the sources of millrace.\n')
      return
    }
    const isGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    response.writeHead(200, {
      'content-type': file.type,
      'cache-control': file.isLasting ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    })
    response.end(isGzip ? file.gzipped : file.bytes)
  }
}
