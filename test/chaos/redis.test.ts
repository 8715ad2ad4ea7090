import { describeOwnRedis } from '../support/redis.ts'
import { testShortForm } from './short-form.ts'

describeOwnRedis('chaos on Redis', () => testShortForm('redis'))
