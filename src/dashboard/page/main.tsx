/**
 * The page: which view an address means, and what stands around each of them.
 */
import { render } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { escaped } from '../../core/escaped.ts'
import type { GroupView, TopicView } from '../views.ts'
import { Acts } from './acts.tsx'
import { goTo, Link, pathOf, useAddress } from './address.tsx'
import { Application, liveVersionOf } from './application.tsx'
import { Badge } from './badge.tsx'
import { AllDeadLetters, DeadLetters } from './dead-letters.tsx'
import { Group } from './group.tsx'
import { type Live, partsOf, useLive } from './live.ts'
import { Notice } from './notice.tsx'
import { Groups, Overview, Topics } from './overview.tsx'
import { Replay, Replays } from './replay.tsx'
import { Store } from './store.tsx'
import { Text } from './text.tsx'
import { Topic } from './topic.tsx'

/** Each with its address, and what addresses of views that belong to it begin with. */
const views: readonly (readonly [name: string, path: string, kinds: readonly (string | undefined)[]])[] = [
  ['Overview', '/', [undefined, 'applications', 'stores']],
  ['Topics', '/topics', ['topics']],
  ['Groups', '/groups', ['groups']],
  ['Replays', '/replays', ['replays']],
  ['Dead letters', '/dead-letters', ['dead-letters']],
]

function Page() {
  const address = useAddress()
  const parts = partsIn(address)
  const [kind, id, version] = parts
  const detail = kind === 'applications' && id !== undefined && version !== undefined ? `${id}/${version}` : undefined
  const live = useLive(detail)
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  // Along with what is shown: a moment later the keyboard may have been put elsewhere.
  useLayoutEffect(() => {
    document.title = parts.length === 0 ? 'millrace' : `${escaped(parts.join(' / '))} · millrace`
    // Someone who listens to the page learns that there is another view; on arrival the browser says it by itself.
    if (!isFirst.current) main.current?.focus()
    isFirst.current = false
  }, [address.pathname])
  return (
    <Acts again={live.state}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header>
        <Link to="/" class="brand">
          millrace
        </Link>
        <nav aria-label="Views">
          {views.map(([name, path, kinds]) => (
            <Link key={path} to={path} isCurrent={kinds.includes(kind)}>
              {name}
            </Link>
          ))}
        </nav>
        <span class="connection" role="status">
          <Connection live={live} />
        </span>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {live.state === 'lost' && (
          <Notice kind="broken">
            The dashboard does not answer: its process may have ended. You see the last that it sent; the page keeps
            trying.
          </Notice>
        )}
        <View parts={parts} live={live} address={address} />
      </main>
    </Acts>
  )
}

function Connection({ live }: { readonly live: Live }) {
  if (live.state === 'live') return <Badge tone="good" word="live" />
  return live.state === 'lost' ? <Badge tone="bad" word="reconnecting" /> : <Badge tone="still" word="connecting" />
}

function partsIn({ pathname }: URL): readonly string[] {
  try {
    return pathname.split('/').filter(Boolean).map(decodeURIComponent)
  } catch {
    return ['?']
  }
}

interface ViewProps {
  readonly parts: readonly string[]
  readonly live: Live
  readonly address: URL
}

function View({ parts, live, address }: ViewProps) {
  const [kind, id, name] = parts
  if (live.atMs === 0) {
    return (
      <>
        <h1>
          <Text of={parts.at(-1) ?? 'Overview'} />
        </h1>
        <Notice kind="loading">Reading the log…</Notice>
      </>
    )
  }
  if (kind === undefined) return <Overview live={live} />
  if (kind === 'topics')
    return id === undefined ? <AllTopics live={live} /> : <Topic live={live} name={id} address={address} />
  if (kind === 'groups') return id === undefined ? <AllGroups live={live} /> : <Group name={id} live={live} />
  if (kind === 'replays') {
    return id === undefined ? <Replays live={live} /> : <Replay live={live} id={id} address={address} />
  }
  if (kind === 'dead-letters') {
    return id === undefined ? (
      <AllDeadLetters live={live} />
    ) : (
      <DeadLetters key={id} live={live} application={id} address={address} />
    )
  }
  if (kind === 'applications' && id !== undefined) {
    const version = name ?? liveVersionOf(live, id)?.version
    if (version === undefined) return <Gone what={id}>This log has no application with this name.</Gone>
    return name === undefined ? (
      <Moved to={pathOf('applications', id, version)} />
    ) : (
      <Application live={live} id={id} version={version} address={address} />
    )
  }
  if (kind === 'stores' && id !== undefined && name !== undefined) {
    return <Store application={id} name={name} version={liveVersionOf(live, id)} address={address} />
  }
  return <Gone what="Not found">There is no such view.</Gone>
}

function Gone({ what, children }: { readonly what: string; readonly children: string }) {
  return (
    <>
      <h1>
        <Text of={what} />
      </h1>
      <Notice kind="gone">{children}</Notice>
    </>
  )
}

/** An address that stands for another one. */
function Moved({ to }: { readonly to: string }) {
  useLayoutEffect(() => goTo(to, true), [to])
  return null
}

function AllTopics({ live }: { readonly live: Live }) {
  const topics = partsOf<TopicView>(live, 'topic')
  return (
    <>
      <h1>Topics</h1>
      {topics.length === 0 ? <Notice kind="empty">No topics yet.</Notice> : <Topics topics={topics} live={live} />}
    </>
  )
}

function AllGroups({ live }: { readonly live: Live }) {
  const groups = partsOf<GroupView>(live, 'group')
  return (
    <>
      <h1>Groups</h1>
      {groups.length === 0 ? (
        <Notice kind="empty">No group or application has a position yet.</Notice>
      ) : (
        <Groups groups={groups} live={live} />
      )}
    </>
  )
}

const root = document.querySelector('#page')
if (root !== null) render(<Page />, root)
