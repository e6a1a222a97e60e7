/**
 * One record in full: what is in it as text or as a tree, its headers, and its bytes.
 */
import type { FullBytes, FullRecordView } from '../views.ts'
import { escaped } from '../../core/escaped.ts'
import { Link } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { Fact, FactLines } from './facts.tsx'
import { Scroller } from './scroller.tsx'
import { count, size, Text, Time } from './text.tsx'

export function FullRecord({ path, close }: { readonly path: string; readonly close: string }) {
  const answer = useAnswer<FullRecordView>(path)
  return (
    <div class="panel record" aria-live="polite">
      <Answered answer={answer}>
        {(record) => (
          <>
            <h3>
              {record.partition}/{record.offset}{' '}
              <small>
                <Time ms={record.timestampMs} />
              </small>{' '}
              <Link to={close}>close</Link>
            </h3>
            <RecordParts of={record} />
          </>
        )}
      </Answered>
    </div>
  )
}

/** Its key, its value and its headers. */
export function RecordParts({ of: { key, value, headers } }: { readonly of: FullRecordView }) {
  return (
    <>
      <Part name="key" of={key} />
      <Part name="value" of={value} />
      {headers.length > 0 && (
        <FactLines>
          {headers.map((header, at) => (
            <Fact key={at} name={escaped(header.key)}>
              {header.value === null ? <em>null</em> : <Text of={header.value} />}
            </Fact>
          ))}
        </FactLines>
      )}
    </>
  )
}

function Part({ name, of }: { readonly name: string; readonly of: FullBytes }) {
  const { text, bytes, isCut, json, hex } = of
  return (
    <>
      <h4>
        {name} <small>{text === null ? 'null' : size(bytes)}</small>
      </h4>
      {text !== null && (typeof json === 'object' && json !== null ? <Tree of={json} /> : <Plain of={text} />)}
      {isCut && <p>Only its beginning is shown here: millrace consume prints all of it.</p>}
      {text !== null && (
        <details>
          <summary>bytes</summary>
          <Scroller label={`Bytes of the ${name}`}>
            <pre class="hex">{hexLines(hex)}</pre>
          </Scroller>
          {bytes > hex.length / 2 && <p>the first {count(hex.length / 2)} of them</p>}
        </details>
      )}
    </>
  )
}

function Plain({ of }: { readonly of: string }) {
  return (
    <pre>
      <Text of={of} />
    </pre>
  )
}

/** JSON as a tree: every object and list can be folded. */
function Tree({ of, name }: { readonly of: unknown; readonly name?: string | undefined }) {
  const title = name !== undefined && (
    <>
      <span class="name">
        <Text of={name} />
      </span>{' '}
    </>
  )
  if (typeof of !== 'object' || of === null) {
    return (
      <>
        {title}
        <code>
          <Text of={JSON.stringify(of)} />
        </code>
      </>
    )
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(of)
  const brief = Array.isArray(of) ? `[ ${entries.length} ]` : `{ ${entries.length} }`
  return (
    <details class="tree" open={entries.length <= 50}>
      <summary>
        {title}
        {brief}
      </summary>
      <ul>
        {entries.map(([each, value]) => (
          <li key={each}>
            <Tree of={value} name={each} />
          </li>
        ))}
      </ul>
    </details>
  )
}

/** Sixteen bytes a line, each with its place and its letters. */
function hexLines(hex: string): string {
  const lines: string[] = []
  for (let at = 0; at < hex.length; at += 32) {
    const bytes = hex.slice(at, at + 32).match(/../g) ?? []
    const letters = bytes.map((byte) => {
      const code = Number.parseInt(byte, 16)
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.'
    })
    lines.push(`${(at / 2).toString(16).padStart(6, '0')}  ${bytes.join(' ').padEnd(47)}  ${letters.join('')}`)
  }
  return lines.join('\n')
}
