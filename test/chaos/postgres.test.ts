import { describePostgres } from '../support/postgres.ts'
import { testShortForm } from './short-form.ts'

describePostgres('chaos on Postgres', () => testShortForm('postgres'))
