// @platformatic/kafka against a running cluster: `node platformatic.mjs BOOTSTRAP TOPIC SCENARIO [ARGUMENT]`; throws where it
// is not served. Its streams need consumer groups; its consumer's `fetch` does not.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(`${process.env.NODE_CLIENTS}/`)
const { Admin, Consumer, Producer, ListOffsetTimestamps, compressionsAlgorithms, stringDeserializers, stringSerializers } =
  await import(pathToFileURL(require.resolve('@platformatic/kafka')))

const [bootstrap, topic, scenario, argument] = process.argv.slice(2)
const FIRST = 1_700_000_000_000
const RECORDS = Array.from({ length: 100 }, (_, n) => ({
  topic,
  partition: 0,
  key: `k${n % 3}`,
  value: `value ${n} `.repeat(10),
  timestamp: BigInt(FIRST + 1000 * n),
}))
const common = { clientId: 'platformatic', bootstrapBrokers: bootstrap.split(',') }

async function produce (options = {}, messages = RECORDS) {
  const producer = new Producer({ ...common, serializers: stringSerializers, ...options })
  try {
    return await producer.send({ messages, ...options })
  } finally {
    await producer.close()
  }
}

async function fetched (offset, atLeast) {
  const consumer = new Consumer({ ...common, groupId: 'unused', deserializers: stringDeserializers })
  try {
    const metadata = await consumer.metadata({ topics: [topic] })
    const known = metadata.topics.get(topic)
    const records = []
    while (records.length < atLeast) {
      const from = records.length ? records.at(-1).offset + 1n : BigInt(offset)
      const answer = await consumer.fetch({
        node: known.partitions[0].leader,
        minBytes: 1,
        maxBytes: 1_000_000,
        maxWaitTime: 500,
        isolationLevel: 0,
        topics: [{
          topicId: known.id,
          partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: from, lastFetchedEpoch: -1, partitionMaxBytes: 1_000_000 }],
        }],
      })
      const [partition] = answer.responses[0].partitions
      assert.equal(partition.errorCode, 0)
      for (const batch of [partition.records ?? []].flat()) {
        for (const record of batch.records) {
          const at = batch.firstOffset + BigInt(record.offsetDelta)
          if (at >= from) records.push({ offset: at, key: record.key.toString(), value: record.value.toString() })
        }
      }
    }
    return records
  } finally {
    await consumer.close(true)
  }
}

function same (records, expected) {
  assert.deepEqual(
    records.map(each => [each.key, each.value]),
    expected.map(each => [each.key, each.value])
  )
}

const scenarios = {
  async acks () {
    const said = await produce({ acks: Number(argument) })
    if (argument !== '0') assert.equal(said.offsets[0].offset, 0n)
    same(await fetched(0, RECORDS.length), RECORDS)
  },

  async compression () {
    assert.ok(compressionsAlgorithms[argument].available, `${argument} is not available in Node ${process.version}`)
    await produce({ acks: -1, compression: argument })
    same(await fetched(0, RECORDS.length), RECORDS)
  },

  async idempotent () {
    const producer = new Producer({ ...common, serializers: stringSerializers, idempotent: true })
    for (let n = 0; n < 20; n++) {
      const said = await producer.send({ messages: [RECORDS[n]], idempotent: true, acks: -1 })
      assert.equal(said.offsets[0].offset, BigInt(n))
    }
    await producer.close()
    same(await fetched(0, 20), RECORDS.slice(0, 20))
  },

  async offsets () {
    await produce({ acks: -1 })
    same((await fetched(60, 5)).slice(0, 5), RECORDS.slice(60, 65))
    const consumer = new Consumer({ ...common, groupId: 'unused' })
    const at = async timestamp => (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)[0]
    assert.equal(await at(ListOffsetTimestamps.EARLIEST), 0n)
    assert.equal(await at(ListOffsetTimestamps.LATEST), 100n)
    assert.equal(await at(BigInt(FIRST + 19_500)), 20n)
    await consumer.close(true)
  },

  async admin () {
    const admin = new Admin(common)
    const name = `${topic}-by-platformatic`
    const [made] = await admin.createTopics({ topics: [name], partitions: 3, replicas: 3 })
    assert.equal(made.partitions, 3)
    await assert.rejects(admin.createTopics({ topics: [name], partitions: 3, replicas: 3 }))
    assert.ok((await admin.listTopics()).includes(name))
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true })
    assert.deepEqual([...metadata.brokers.keys()].sort(), [1, 2, 3])
    for (const partition of metadata.topics.get(name).partitions) {
      assert.deepEqual([...partition.replicas].sort(), [1, 2, 3])
    }
    const TOPIC = 2
    await admin.incrementalAlterConfigs({
      resources: [{
        resourceType: TOPIC,
        resourceName: name,
        configs: [{ name: 'retention.ms', value: '12345', configOperation: 0 }],
      }],
    })
    let value
    // The broker that is asked may not have read of it yet; whoever runs this sets the deadline.
    while (value !== '12345') {
      const [described] = await admin.describeConfigs({
        resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: ['retention.ms'] }],
      })
      value = described.configs[0].value
    }
    await admin.deleteTopics({ topics: [name] })
    await admin.close()
  },
}

await scenarios[scenario]()
console.log('served')
process.exit(0)
