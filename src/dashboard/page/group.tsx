/**
 * A group: where it is in each partition, and who reads for it.
 */
import type { GroupDetailView, GroupView, HistoryView } from '../views.ts'
import { Link, pathOf } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { type Live, partOf } from './live.ts'
import { Notice } from './notice.tsx'
import { Spark } from './spark.tsx'
import { Table } from './table.tsx'
import { Ago, count, lag, Text } from './text.tsx'

export function Group({ name, live }: { readonly name: string; readonly live: Live }) {
  const group = partOf<GroupView>(live, `group/${name}`)
  // Read again whenever something of it has changed.
  const again = group === undefined ? '' : `${group.lag} ${group.members} ${group.state}`
  const answer = useAnswer<GroupDetailView>(`/api${pathOf('groups', name)}`, again)
  return (
    <>
      <h1>
        <Text of={name} />
      </h1>
      {group !== undefined && (
        <dl class="facts">
          <div>
            <dt>lag</dt>
            <dd>
              {lag(group.lag, group.lagMs)}{' '}
              <Spark of={partOf<HistoryView>(live, `history/group/${name}`)?.lags} what="records of lag" />
            </dd>
          </div>
        </dl>
      )}
      <Answered answer={answer}>{(found) => <Found of={found} />}</Answered>
    </>
  )
}

function Found({
  of: { name, kind, state, generation, assignor, members, positions },
}: {
  readonly of: GroupDetailView
}) {
  return (
    <>
      {kind === 'application' ? (
        <p class="about">
          An application reads under this name:{' '}
          <Link to={pathOf('applications', name)}>
            <Text of={name} />
          </Link>
        </p>
      ) : (
        <p class="about">
          {state}, generation {generation}
          {assignor === null ? '' : `, ${assignor}`}
        </p>
      )}
      <section aria-labelledby="positions">
        <h2 id="positions">Positions</h2>
        {positions.length === 0 ? (
          <Notice kind="empty">It has committed no position yet.</Notice>
        ) : (
          <Table
            caption="Positions"
            rows={positions}
            keyOf={({ topic, partition }) => `${topic}/${partition}`}
            columns={[
              {
                head: 'topic',
                of: ({ topic }) => (
                  <Link to={pathOf('topics', topic)}>
                    <Text of={topic} />
                  </Link>
                ),
              },
              { head: 'partition', isFigure: true, of: ({ partition }) => partition },
              { head: 'position', isFigure: true, of: ({ position }) => count(position) },
              { head: 'end', isFigure: true, isExtra: true, of: ({ end }) => count(end) },
              { head: 'lag', isFigure: true, of: (one) => lag(one.lag, one.lagMs) },
              { head: 'committed', isExtra: true, of: ({ committedMs }) => <Ago ms={committedMs} /> },
              { head: 'member', isExtra: true, of: ({ member }) => (member === null ? '–' : <Text of={member} />) },
            ]}
          />
        )}
      </section>
      {kind === 'group' && (
        <section aria-labelledby="members">
          <h2 id="members">Members</h2>
          {members.length === 0 ? (
            <Notice kind="empty">It has no members: new records wait.</Notice>
          ) : (
            <Table
              caption="Members"
              rows={members}
              keyOf={({ memberId }) => memberId}
              columns={[
                { head: 'member', of: ({ memberId }) => <Text of={memberId} /> },
                { head: 'client', isExtra: true, of: ({ clientId }) => <Text of={clientId} /> },
                { head: 'where', of: ({ pid, host }) => `pid ${pid} on ${host}` },
                { head: 'heartbeat', isExtra: true, of: ({ lastHeartbeatMs }) => <Ago ms={lastHeartbeatMs} /> },
                { head: 'partitions', of: ({ partitions }) => <Text of={partitions.join(' ')} /> },
              ]}
            />
          )}
        </section>
      )}
    </>
  )
}
