/**
 * What can be done with a version beside the live one: each act shows what it would do before anyone is asked to do it.
 */
import type { ComponentChildren } from 'preact'
import type { ActPlanView, ReplayView } from '../replay-views.ts'
import type { ActView, VersionView } from '../views.ts'
import { Link, pathOf, withQuery } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { ActButton, post, useMayChange } from './acts.tsx'
import { Notice } from './notice.tsx'
import { Text } from './text.tsx'

interface VersionActsProps {
  readonly version: VersionView
  readonly replay: ReplayView
  readonly address: URL
}

type Act = 'switch' | 'pause' | 'resume' | 'drop'

const outputModes = ['replace', 'continue', 'correct'] as const

export function VersionActs({ version: one, replay, address }: VersionActsProps) {
  const { version } = one
  const here = new URL(address.pathname, address)
  const to = (act: Act): string => withQuery(here, { version, act })
  const names: readonly (readonly [Act, string])[] = [
    ['switch', replay.wasLive ? 'Switch back…' : 'Switch…'],
    replay.isPaused ? ['resume', 'Resume…'] : ['pause', 'Pause…'],
    ['drop', 'Drop…'],
  ]
  const asked = address.searchParams.get('version') === version ? address.searchParams.get('act') : null
  const chosen = names.find(([act]) => act === asked)?.[0]
  return (
    <div>
      <h3>What you can do</h3>
      <p class="acts">
        {names.map(([act, name]) => (
          <Link key={act} to={to(act)} class="button" isCurrent={chosen === act}>
            {name}
          </Link>
        ))}
      </p>
      {chosen !== undefined && (
        <div class="panel">
          <Chosen act={chosen} version={one} replay={replay} address={address} />
        </div>
      )}
    </div>
  )
}

interface ChosenProps extends VersionActsProps {
  readonly act: Act
}

function Chosen({ act, version: one, replay, address }: ChosenProps) {
  const { applicationId, version } = one
  if (act === 'switch') return <Switch version={one} replay={replay} address={address} />
  if (act === 'drop') return <Drop version={one} />
  const effect =
    act === 'pause'
      ? `The process that replays ${version} commits what it has done, and pauses until you resume it, also over a restart.`
      : `The process that replays ${version} goes on at once. If there is none, ${version} goes on when it is started.`
  return (
    <>
      <p>
        <Text of={effect} />
      </p>
      <Do
        version={one}
        act={act}
        question={act === 'pause' ? `Pause ${version} of ${applicationId}?` : `Resume ${version} of ${applicationId}?`}
        effect={<p>{effect}</p>}
        confirm={act === 'pause' ? 'Pause' : 'Resume'}
        command={`millrace replay ${act} ${applicationId} ${version}`}
      />
    </>
  )
}

function Switch({ version: one, replay, address }: VersionActsProps) {
  const { applicationId, version, lastCommitMs } = one
  const asked = address.searchParams.get('outputs') ?? (replay.wasLive ? undefined : 'replace')
  const outputs = outputModes.find((mode) => mode === asked)
  const reset = address.searchParams.get('reset')?.split(',').filter(Boolean) ?? []
  const query = new URLSearchParams()
  if (outputs !== undefined) query.set('outputs', outputs)
  if (reset.length > 0) query.set('reset', reset.join())
  const path = `/api${pathOf('replays', applicationId, version)}/plans/switch?${query.toString()}`
  // Looked at again when something was committed, but not more often than every ten seconds.
  const plan = useAnswer<ActPlanView>(
    path,
    `${one.state} ${replay.isPaused} ${Math.floor((lastCommitMs ?? 0) / 10_000)}`,
  )
  const command = [
    'millrace replay',
    replay.wasLive ? `back ${applicationId} --to ${version}` : `switch ${applicationId} ${version}`,
    ...(outputs === undefined ? [] : [`--outputs ${outputs}`]),
    ...reset.map((id) => `--reset ${id}`),
  ].join(' ')
  return (
    <>
      <p>What becomes of the topics that both versions write:</p>
      <p class="acts">
        {outputModes.map((mode) => (
          <Link
            key={mode}
            to={withQuery(address, { outputs: mode })}
            class="button"
            isCurrent={mode === (outputs ?? (plan.state === 'ready' ? plan.value.outputs : undefined))}
          >
            {mode}
          </Link>
        ))}
      </p>
      <Answered answer={plan}>
        {(found) => (
          <>
            {found.outputs !== null && <p>{effects[found.outputs]}</p>}
            <Plan of={found} />
            {found.readers.map((id) => (
              <p key={id}>
                <Link
                  to={withQuery(address, {
                    reset: (reset.includes(id) ? reset.filter((each) => each !== id) : [...reset, id]).join(),
                  })}
                  class="button"
                >
                  {reset.includes(id) ? 'Leave' : 'Start over'} <Text of={id} />
                </Link>
              </p>
            ))}
            {found.hindrances.length === 0 && (
              <Do
                version={one}
                act="switch"
                body={{ number: found.number, outputs, reset }}
                question={`Make ${version} of ${applicationId} the live version?`}
                effect={<Plan of={found} />}
                confirm={`${replay.wasLive ? 'Switch back' : 'Switch'} to ${version}`}
                command={command}
              />
            )}
          </>
        )}
      </Answered>
    </>
  )
}

const effects: Readonly<Record<(typeof outputModes)[number], string>> = {
  replace: 'Those of this version take the place of the live ones, under the same names.',
  continue: 'They stay as they are, and this version goes on writing to them.',
  correct:
    'They stay, and get a record for each key whose newest value differs. Then this version goes on writing to them.',
}

function Drop({ version: one }: { readonly version: VersionView }) {
  const { applicationId, version, state } = one
  const plan = useAnswer<ActPlanView>(`/api${pathOf('replays', applicationId, version)}/plans/drop`, state)
  return (
    <Answered answer={plan}>
      {(found) => (
        <>
          <Plan of={found} />
          {found.hindrances.length === 0 && (
            <Do
              version={one}
              act="drop"
              question={`Delete ${version} of ${applicationId} for good?`}
              effect={<Plan of={found} />}
              confirm="Drop"
              command={`millrace replay drop ${applicationId} ${version}`}
            />
          )}
        </>
      )}
    </Answered>
  )
}

/** What it would do, and what is in its way. */
function Plan({ of: { lines, linesLeftOut, hindrances } }: { readonly of: ActPlanView }) {
  return (
    <>
      {lines.length > 0 && (
        <ul aria-label="What it would do">
          {lines.map((line) => (
            <li key={line}>
              <Text of={line} />
            </li>
          ))}
          {linesLeftOut > 0 && <li>and {linesLeftOut} more</li>}
        </ul>
      )}
      {hindrances.length > 0 && (
        <Notice kind="broken">
          {'Not possible as things are: '}
          <Text of={hindrances.join('; ')} />
        </Notice>
      )}
    </>
  )
}

interface DoProps {
  readonly version: VersionView
  readonly act: Act
  readonly body?: object | undefined
  readonly question: string
  readonly effect: ComponentChildren
  readonly confirm: string
  /** What does the same in a terminal. */
  readonly command: string
}

/** The button that asks and does it; if the page may not, the command that does. */
function Do({ version: { applicationId, version }, act, body = {}, question, effect, confirm, command }: DoProps) {
  const run = async (): Promise<string> =>
    (await post<ActView>(`/api${pathOf('replays', applicationId, version)}/${act}`, body)).did
  if (useMayChange()) {
    return (
      <ActButton question={question} effect={effect} confirm={confirm} run={run}>
        {confirm}
      </ActButton>
    )
  }
  return (
    <>
      <p>This page may not make changes. In a terminal:</p>
      <pre>
        <Text of={command} />
      </pre>
    </>
  )
}
