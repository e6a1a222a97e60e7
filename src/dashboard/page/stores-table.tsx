/**
 * The stores of an application: how much is in each.
 */
import type { ApplicationView, StoreView } from '../views.ts'
import { pathOf, TextLink } from './address.tsx'
import { Answered } from './answer.tsx'
import type { Answer } from './asking.ts'
import { own } from './graph-figures.ts'
import { cacheText } from './node-panel.tsx'
import { Notice } from './notice.tsx'
import { type Column, Table } from './table.tsx'
import { count, size, Text } from './text.tsx'

interface StoresProps {
  readonly app: ApplicationView
  readonly stores: Answer<readonly StoreView[]>
}

export function Stores({ app: { applicationId, figures }, stores: answer }: StoresProps) {
  const cached: Column<StoreView> = {
    head: 'cache',
    isExtra: true,
    of: ({ name }) => {
      const cache = own(figures?.stores, name)
      return cache === undefined ? '–' : cacheText(cache.cacheHits, cache.cacheMisses, cache.cachedBytes)
    },
  }
  return (
    <section aria-labelledby="stores">
      <h2 id="stores">Stores</h2>
      <Answered answer={answer}>
        {(stores) =>
          stores.length === 0 ? (
            <Notice kind="empty">It keeps nothing between records.</Notice>
          ) : (
            <Table
              caption="Stores"
              rows={stores}
              keyOf={({ name }) => name}
              columns={[
                {
                  head: 'store',
                  of: ({ name, isReadable }) =>
                    isReadable ? <TextLink to={pathOf('stores', applicationId, name)} of={name} /> : <Text of={name} />,
                },
                { head: 'kind', of: ({ kind }) => kind },
                { head: 'rows', isFigure: true, of: ({ rows }) => count(rows) },
                { head: 'size', isFigure: true, of: ({ bytes }) => `about ${size(bytes)}` },
                ...(figures === null ? [] : [cached]),
                { head: 'keys', isExtra: true, of: ({ key }) => <Text of={key} /> },
                { head: 'values', isExtra: true, of: ({ value }) => <Text of={value} /> },
                { head: 'operator', isExtra: true, of: ({ owner }) => <Text of={owner} /> },
              ]}
            />
          )
        }
      </Answered>
    </section>
  )
}
