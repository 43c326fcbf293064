// kafkajs against a running cluster: `node kafkajs.mjs BOOTSTRAP TOPIC SCENARIO [ARGUMENT]`; it throws where it is not served.
// Without consumer groups kafkajs cannot consume, so what was produced is fetched through its own broker class, below the API.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(`${process.env.NODE_CLIENTS}/`)
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
const Cluster = require('kafkajs/src/cluster')
const socketFactory = require('kafkajs/src/network/socketFactory')

const [bootstrap, topic, scenario, argument] = process.argv.slice(2)
const FIRST = 1_700_000_000_000
const RECORDS = Array.from({ length: 100 }, (_, n) => ({
  key: `k${n % 3}`,
  value: `value ${n} `.repeat(10),
  partition: 0,
  timestamp: String(FIRST + 1000 * n),
}))
const CODECS = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }

const kafka = new Kafka({ clientId: 'kafkajs', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING })

async function loadCodecs () {
  CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
  const lz4 = require('lz4js')
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async encoder => Buffer.from(lz4.compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(lz4.decompress(buffer)),
  })
  const { Simple } = await new Promise(resolve =>
    require('zstd-codec').ZstdCodec.run(zstd => resolve({ Simple: zstd.Simple }))
  )
  const simple = new Simple()
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async encoder => Buffer.from(simple.compress(encoder.buffer)),
    decompress: async buffer => Buffer.from(simple.decompress(buffer)),
  })
}

async function produce (options = {}, { producer: configuration = {}, messages = RECORDS } = {}) {
  const producer = kafka.producer(configuration)
  await producer.connect()
  try {
    return await producer.send({ topic, messages, ...options })
  } finally {
    await producer.disconnect()
  }
}

async function fetched (offset, atLeast) {
  const cluster = new Cluster({
    logger: kafka.logger(),
    socketFactory: socketFactory(),
    brokers: async () => bootstrap.split(','),
    clientId: 'kafkajs',
    connectionTimeout: 5000,
    authenticationTimeout: 5000,
    reauthenticationThreshold: 10_000,
    requestTimeout: 30_000,
    metadataMaxAge: 300_000,
    isolationLevel: 1,
  })
  await cluster.connect()
  try {
    await cluster.addTargetTopic(topic)
    const { leader } = cluster.findTopicPartitionMetadata(topic).find(each => each.partitionId === 0)
    const broker = await cluster.findBroker({ nodeId: String(leader) })
    const messages = []
    while (messages.length < atLeast) {
      const from = messages.length ? Number(messages.at(-1).offset) + 1 : offset
      const answer = await broker.fetch({
        replicaId: -1,
        isolationLevel: 1,
        maxWaitTime: 500,
        topics: [{ topic, partitions: [{ partition: 0, fetchOffset: from, maxBytes: 1_000_000 }] }],
      })
      const [partition] = answer.responses[0].partitions
      assert.equal(partition.errorCode, 0)
      messages.push(...partition.messages.filter(each => Number(each.offset) >= from))
    }
    return messages
  } finally {
    await cluster.disconnect()
  }
}

function same (messages, expected) {
  assert.deepEqual(
    messages.map(each => [each.key.toString(), each.value.toString()]),
    expected.map(each => [each.key, each.value])
  )
}

const scenarios = {
  async acks () {
    const [said] = await produce({ acks: Number(argument) })
    if (argument === '0') {
      assert.equal(said, undefined)
    } else {
      assert.equal(said.errorCode, 0)
      assert.equal(said.baseOffset, '0')
    }
    same(await fetched(0, RECORDS.length), RECORDS)
  },

  async compression () {
    await loadCodecs()
    await produce({ acks: -1, compression: CompressionTypes[CODECS[argument]] })
    same(await fetched(0, RECORDS.length), RECORDS)
  },

  async idempotent () {
    const options = { producer: { idempotent: true, maxInFlightRequests: 1 } }
    const producer = kafka.producer(options.producer)
    await producer.connect()
    for (const message of RECORDS.slice(0, 20)) {
      const [said] = await producer.send({ topic, acks: -1, messages: [message] })
      assert.equal(said.errorCode, 0)
    }
    await producer.disconnect()
    same(await fetched(0, 20), RECORDS.slice(0, 20))
  },

  async offsets () {
    await produce({ acks: -1 })
    same((await fetched(60, 5)).slice(0, 5), RECORDS.slice(60, 65))
    const admin = kafka.admin()
    await admin.connect()
    const [ends] = await admin.fetchTopicOffsets(topic)
    assert.deepEqual([ends.low, ends.high, ends.offset], ['0', '100', '100'])
    const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, FIRST + 19_500)
    assert.equal(found.offset, '20')
    await admin.disconnect()
  },

  async admin () {
    const admin = kafka.admin()
    await admin.connect()
    const name = `${topic}-by-kafkajs`
    assert.equal(await admin.createTopics({ waitForLeaders: true, topics: [{ topic: name, numPartitions: 3, replicationFactor: 3 }] }), true)
    assert.equal(await admin.createTopics({ topics: [{ topic: name, numPartitions: 3 }] }), false)
    assert.ok((await admin.listTopics()).includes(name))
    const { topics: [described] } = await admin.fetchTopicMetadata({ topics: [name] })
    assert.equal(described.partitions.length, 3)
    for (const partition of described.partitions) {
      assert.deepEqual([...partition.replicas].sort(), [1, 2, 3])
    }
    const cluster = await admin.describeCluster()
    assert.deepEqual(cluster.brokers.map(each => each.nodeId).sort(), [1, 2, 3])
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: 5 }] })
    const RESOURCE_TOPIC = 2
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: RESOURCE_TOPIC, name, configEntries: [{ name: 'retention.ms', value: '12345' }] }],
    })
    let value
    // The broker that is asked may not have read of it yet; whoever runs this sets the deadline.
    while (value !== '12345') {
      const { resources } = await admin.describeConfigs({
        resources: [{ type: RESOURCE_TOPIC, name, configNames: ['retention.ms'] }],
      })
      value = resources[0].configEntries[0].configValue
    }
    await admin.deleteTopics({ topics: [name] })
    await admin.disconnect()
  },
}

await scenarios[scenario]()
console.log('served')
process.exit(0)
