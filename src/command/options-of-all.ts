/**
 * The options that every verb takes.
 */
import { asText, flag, type Option, value } from './options.ts'

export const optionsOfAll: {
  readonly dir: Option<string | undefined>
  readonly json: Option<boolean>
  readonly utc: Option<boolean>
  readonly verbose: Option<boolean>
} = {
  dir: value('-d, --dir <path>', 'the directory of the log (default: MILLRACE_DIR, or ./data)', asText),
  json: flag('--json', 'one JSON object a line instead of a table'),
  utc: flag('--utc', 'show times in UTC, not in the zone of this machine'),
  verbose: flag('--verbose', 'show the stack of an error'),
}
