// Opens directories and says how that went: in a process of its own, since a damaged file may take its reader along.
import { MillraceError } from '../../../src/core/errors.ts'
import { Environment } from '../../../src/storage/environment.ts'

for (const dir of process.argv.slice(2)) {
  try {
    const environment = Environment.openNow(dir)
    await environment.close()
    console.log(JSON.stringify({ code: 'opened' }))
  } catch (error) {
    const code = error instanceof MillraceError ? error.code : 'no code'
    console.log(JSON.stringify({ code, message: String(error) }))
  }
}
