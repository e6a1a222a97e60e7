/**
 * Replays: the versions of an application side by side, how far each is, and what became of those before.
 */
import type { ReplayView, SwitchView, VersionsView } from '../replay-views.ts'
import type { VersionView } from '../views.ts'
import { Link, pathOf } from './address.tsx'
import { useAnswer } from './answer.tsx'
import { Badge, StateBadge } from './badge.tsx'
import { Comparison } from './comparison.tsx'
import { Fact, Facts } from './facts.tsx'
import { type Live, partOf, partsOf } from './live.ts'
import { Notice } from './notice.tsx'
import { Table } from './table.tsx'
import { Ago, briefCount, count, duration, lag, rate, Text, Time } from './text.tsx'
import { VersionActs } from './version-acts.tsx'

interface Side {
  readonly version: VersionView
  /** Undefined of the live one. */
  readonly replay: ReplayView | undefined
}

/** The live one first. */
function sidesOf(live: Live, id?: string): readonly Side[] {
  return partsOf<VersionView>(live, 'application')
    .filter(({ applicationId }) => id === undefined || applicationId === id)
    .map((version) => ({
      version,
      replay: version.isLive
        ? undefined
        : partOf<ReplayView>(live, `replay/${version.applicationId}/${version.version}`),
    }))
    .toSorted((a, b) => Number(b.version.isLive) - Number(a.version.isLive))
}

/** Every version that stands beside a live one. */
export function Replays({ live }: { readonly live: Live }) {
  const beside = sidesOf(live).filter(({ version }) => !version.isLive)
  return (
    <>
      <h1>Replays</h1>
      {beside.length === 0 ? (
        <Notice kind="empty">
          No version stands beside a live one. A new one begins with: millrace replay start SCRIPT VERSION --app ID
        </Notice>
      ) : (
        <Versions sides={beside} linksTo={({ applicationId }) => pathOf('replays', applicationId)} />
      )}
    </>
  )
}

/** The versions of one application. */
export function Replay({ live, id, address }: { readonly live: Live; readonly id: string; readonly address: URL }) {
  const sides = sidesOf(live, id)
  // What became of versions is asked for again when there are others.
  const again = sides.map(({ version: { version, isLive } }) => `${version} ${isLive}`).join()
  const past = useAnswer<VersionsView>(`/api${pathOf('replays', id)}`, again)
  const title = (
    <h1>
      <Text of={id} /> <small>versions</small>
    </h1>
  )
  if (sides.length === 0) {
    return (
      <>
        {title}
        <Notice kind="gone">This log has no application with this name. It may have been deleted.</Notice>
      </>
    )
  }
  const beside = sides.filter(({ version }) => !version.isLive)
  return (
    <>
      {title}
      <Versions
        sides={sides}
        linksTo={({ applicationId, version }) => pathOf('applications', applicationId, version)}
      />
      {beside.length === 0 && (
        <Notice kind="empty">
          {`No version stands beside the live one. A new one begins with: millrace replay start SCRIPT VERSION --app ${id}`}
        </Notice>
      )}
      {beside.map((side) => (
        <Beside
          key={side.version.version}
          side={side}
          live={sides.find(({ version }) => version.isLive)?.version}
          isLive={live.state === 'live'}
          address={address}
        />
      ))}
      {past.state === 'ready' && past.value.switches.length > 0 && <Switches of={past.value.switches} />}
    </>
  )
}

interface VersionsProps {
  readonly sides: readonly Side[]
  readonly linksTo: (version: VersionView) => string
}

function Versions({ sides, linksTo }: VersionsProps) {
  return (
    <Table
      caption="Versions"
      rows={sides}
      keyOf={({ version: { applicationId, version } }) => `${applicationId}/${version}`}
      columns={[
        {
          head: 'version',
          of: ({ version, replay }) => (
            <Link to={linksTo(version)}>
              <Text of={version.version} />{' '}
              <small>
                of <Text of={version.applicationId} />
                {version.isLive ? ', live' : replay?.wasLive === true ? ', was live' : ''}
              </small>
            </Link>
          ),
        },
        { head: 'state', of: ({ version, replay }) => <ReplayBadge version={version} replay={replay} /> },
        { head: 'done', isFigure: true, of: ({ replay }) => percent(replay) },
        {
          head: 'rate',
          isFigure: true,
          of: ({ version, replay }) => rate(replay === undefined ? version.rate : replay.rate),
        },
        { head: 'time left', isFigure: true, isExtra: true, of: ({ replay }) => timeLeft(replay) },
        {
          head: 'lag',
          isFigure: true,
          of: ({ version, replay }) =>
            replay === undefined ? lag(version.lag, version.lagMs) : briefCount(replay.lag),
        },
        { head: 'event time', isExtra: true, of: ({ version }) => <Time ms={version.eventTimeMs} /> },
        { head: 'last commit', isExtra: true, of: ({ version }) => <Ago ms={version.lastCommitMs} /> },
        {
          head: 'where',
          isExtra: true,
          of: ({ version: { instance } }) => (instance === null ? '–' : whereOf(instance)),
        },
      ]}
    />
  )
}

function whereOf({ pid, host }: NonNullable<VersionView['instance']>): string {
  return `pid ${pid} on ${host}`
}

function percent(replay: ReplayView | undefined): string {
  return replay === undefined || replay.percent === null ? '–' : `${Math.floor(replay.percent)}%`
}

function timeLeft(replay: ReplayView | undefined): string {
  if (replay === undefined || replay.etaMs === null) return '–'
  return replay.etaMs === 0 ? 'none' : duration(replay.etaMs - (replay.etaMs % 1_000))
}

/** What it does if it runs, else why it does nothing. */
function ReplayBadge({ version, replay }: Side) {
  if (replay === undefined || version.state !== 'running' || version.standstill !== null)
    return <StateBadge of={version} />
  if (replay.isPaused) return <Badge tone="still" word="paused" />
  return <Badge tone="good" word={replay.phase} />
}

interface BesideProps {
  readonly side: Side
  readonly live: VersionView | undefined
  /** Whether the dashboard answers. */
  readonly isLive: boolean
  readonly address: URL
}

function Beside({ side, live, isLive, address }: BesideProps) {
  const { version, replay } = side
  const title = `beside-${version.version}`
  return (
    <section aria-labelledby={title}>
      <h2 id={title}>
        <Text of={version.version} /> <small>{live === undefined ? 'alone' : `beside ${live.version}`}</small>
      </h2>
      {replay === undefined ? (
        <Notice kind="loading">Reading…</Notice>
      ) : (
        <>
          <Progress of={replay} />
          <p class="about">
            <Text of={`${replay.range === null ? '' : `It reads ${replay.range}. `}${sayingOf(version, replay)}`} />
          </p>
          {live !== undefined && <Comparison version={version} replay={replay} isLive={isLive} />}
          <VersionActs version={version} replay={replay} address={address} />
        </>
      )}
    </section>
  )
}

function Progress({ of: replay }: { readonly of: ReplayView }) {
  const { version, done, total, percent: share } = replay
  const facts: readonly (readonly [string, string])[] = [
    ['records', done === null || total === null ? '–' : `${count(done)} of ${count(total)}`],
    ['speed', rate(replay.rate)],
    ['time left', timeLeft(replay)],
    ['lag to the live version', `${count(replay.lag)} records`],
  ]
  return (
    <>
      {share !== null && (
        <progress class="replay" max={100} value={share} aria-label={`${version}: ${Math.floor(share)} % read`} />
      )}
      <Facts>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
        <Fact name="event time">
          <Time ms={replay.eventTimeMs} />
        </Fact>
      </Facts>
    </>
  )
}

/** How it is doing, and what comes next, in a sentence or two. */
function sayingOf({ applicationId, version, state, instance }: VersionView, replay: ReplayView): string {
  const { isPaused, phase, wasLive, lag: left } = replay
  const start = `millrace replay start SCRIPT ${version} --app ${applicationId}`
  if (state === 'stopped' && instance !== null) {
    return `Its process ended without close: ${whereOf(instance)} is gone. Start it again, and it goes on from its last commit: ${start}`
  }
  if (state === 'fenced') return 'It was stopped, and its process has not closed yet. It can commit nothing.'
  if (state === 'stopped') {
    if (wasLive) return 'It was live before. It has stopped, and a switch back makes it the live one again.'
    return left === 0 ? 'It is stopped.' : `It is stopped. To go on: ${start}`
  }
  if (isPaused) return 'It is paused until you resume it.'
  if (phase === 'copying') return 'It is copying the state of the live version first.'
  if (phase === 'done') return 'It has reached the end of its range.'
  return phase === 'following'
    ? 'It has caught up with the live version: compare the two, or switch.'
    : 'It is catching up with the live version.'
}

function Switches({ of }: { readonly of: readonly SwitchView[] }) {
  return (
    <section aria-labelledby="switches">
      <h2 id="switches">Switches</h2>
      <Table
        caption="Switches"
        rows={of}
        keyOf={({ number }) => String(number)}
        columns={[
          { head: 'number', isFigure: true, of: ({ number }) => number },
          { head: 'from', of: ({ from }) => <Text of={from} /> },
          { head: 'to', of: ({ to }) => <Text of={to} /> },
          { head: 'outputs', of: ({ outputs }) => <Text of={outputs} /> },
          { head: 'when', of: ({ atMs }) => <Ago ms={atMs} /> },
        ]}
      />
    </section>
  )
}
