import { describeRedis, describeRedisCluster } from '../support/redis.ts'
import { pausingConformance } from './conformance-pausing.ts'
import { clockConformance } from './conformance-clock.ts'
import { consumersConformance } from './conformance-running.ts'
import { sweepingConformance } from './conformance-sweeping.ts'
import { queuesConformance } from './conformance.ts'

describeRedis('queues on Redis', (url) => {
  queuesConformance(() => url)
  sweepingConformance(() => url)
  pausingConformance(() => url)
  consumersConformance(() => url)
  clockConformance(() => url)
})

describeRedisCluster('queues on a Redis Cluster', (url) => {
  queuesConformance(() => url)
  sweepingConformance(() => url)
  pausingConformance(() => url)
  consumersConformance(() => url)
  clockConformance(() => url)
})
