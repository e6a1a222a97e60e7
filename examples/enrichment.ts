/**
 * Joins with tables: each order gets the name of its customer, and a table of products by brand keeps up with both sides.
 */
import { rm } from 'node:fs/promises'
import { json, keyValueStore, openLog, startStreams, string, StreamsBuilder, topic } from 'millrace'

interface Product {
  readonly title: string
  readonly brand: string
}

const customers = topic('customers', { key: string(), value: string() })
const orders = topic('orders', { key: string(), value: json<{ readonly sku: string }>() })
const named = topic('named-orders', { key: string(), value: string() })
const products = topic('products', { key: string(), value: json<Product>() })
const brands = topic('brands', { key: string(), value: string() })
const catalogue = keyValueStore('catalogue', { key: string(), value: string() })

const builder = new StreamsBuilder()

// By the key of the stream: the row of the customer as it is when the order comes.
builder
  .stream(orders)
  .leftJoin(builder.table(customers), ({ sku }, name) => `${name ?? 'somebody'} ordered ${sku}`)
  .to(named)

// By foreign key: many products name one brand, and follow its changes.
builder.table(products).join(builder.table(brands), ({ title }, brand) => `${title} by ${brand}`, {
  foreignKey: ({ brand }) => brand,
  store: catalogue,
})

const dir = './data/enrichment'
await rm(dir, { recursive: true, force: true }) // so that every run begins anew; a real program keeps its log
await using log = await openLog(dir)
const producer = log.producer()
await producer.send(customers, { key: 'c1', value: 'Ada', timestamp: 1 })
await producer.send(orders, { key: 'c1', value: { sku: 'lamp' }, timestamp: 2 })
await producer.send(orders, { key: 'c2', value: { sku: 'desk' }, timestamp: 3 })
await producer.send(brands, { key: 'b1', value: 'Lumen', timestamp: 4 })
await producer.send(products, { key: 'lamp', value: { title: 'Lamp', brand: 'b1' }, timestamp: 5 })
await producer.send(products, { key: 'bulb', value: { title: 'Bulb', brand: 'b1' }, timestamp: 6 })

await using app = await startStreams(builder.build(), { log, applicationId: 'enrichment' })
await app.caughtUp()
for await (const { value } of log.read(named, { follow: false })) console.log(value)
for (const { value } of app.store(catalogue).range()) console.log(value)

await producer.send(brands, { key: 'b1', value: 'Lumen & Sons', timestamp: 7 })
await app.caughtUp()
console.log(`the brand has a new name: ${app.store(catalogue).get('lamp')}, ${app.store(catalogue).get('bulb')}`)
