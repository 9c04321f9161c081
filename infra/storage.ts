import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, BillingMode, Table, TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb'
import { Construct } from 'constructs'
import { ENV } from '../functions/environment.ts'
import type { StackConfig } from './config.ts'
import type { Permission } from './function.ts'

export interface StorageProps {
  readonly config: StackConfig
}

/** The actions that reading many items at once takes: by their keys, or in order, as names of many UIDs are. There is no Scan. */
export const READ_MANY = ['dynamodb:BatchGetItem', 'dynamodb:Query'] as const
/** The actions that reading items takes, one by one and many at once. */
export const READ_ITEMS = ['dynamodb:GetItem', ...READ_MANY] as const
/** The actions that writing items whole takes, one by one and many at once; a batch may also delete. */
export const PUT_ITEMS = ['dynamodb:PutItem', 'dynamodb:BatchWriteItem'] as const
/** The actions that giving names their UIDs takes: a counter goes up, and items are put. */
export const ASSIGN_UIDS = ['dynamodb:PutItem', 'dynamodb:UpdateItem'] as const

/** The least read units a second that may be asked for together with write units: those of every new table. */
const NEW_TABLE_READ_UNITS = 12_000
/** Items of these tables may expire: `ttl` holds seconds since 1970. */
const EXPIRING = { timeToLiveAttribute: 'ttl' }

/** A table by what it holds. */
export type TableRole = 'data' | 'uid' | 'meta' | 'tree'

/** OpenTSDB's four tables, which outlive the stack and can't be deleted by a slip of the hand, and one of counters. */
export class Storage extends Construct {
  /**
   * `data` holds rows, blocks and the ledger; `uid` names and UIDs; `meta` the series log, acknowledgements and rejects;
   * `tree` trees.
   */
  readonly tables: Readonly<Record<TableRole, Table>>
  /** Where functions add up what they count: nothing that could not be lost, and nothing else. */
  readonly counters: Table
  readonly #config: StackConfig

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id)
    this.#config = props.config
    const { name, warmWriteUnits } = props.config
    const warm = warmWriteUnits !== undefined && {
      warmThroughput: { writeUnitsPerSecond: warmWriteUnits, readUnitsPerSecond: NEW_TABLE_READ_UNITS },
    }
    this.tables = {
      data: this.#table('Data', name, { ...EXPIRING, ...warm }),
      uid: this.#table('Uid', `${name}-uid`),
      meta: this.#table('Meta', `${name}-meta`, EXPIRING),
      tree: this.#table('Tree', `${name}-tree`),
    }
    this.counters = this.#table('Counters', `${name}-counters`, {
      ...EXPIRING,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      deletionProtection: false,
      removalPolicy: RemovalPolicy.DESTROY,
    })
  }

  /** ARNs of some tables, for a policy. */
  arns(...roles: readonly TableRole[]): string[] {
    return roles.map((role) => this.tables[role].tableArn)
  }

  /** What finding and reading points takes; of the points' table, nothing is read by itself. */
  readPoints(): Permission[] {
    return [
      { actions: READ_MANY, resources: this.arns('data') },
      { actions: READ_ITEMS, resources: this.arns('uid', 'meta') },
    ]
  }

  /** Names of some tables, for a function's environment. */
  names(...roles: readonly TableRole[]): Record<string, string> {
    return Object.fromEntries(roles.map((role) => [TABLE_VARIABLES[role], this.tables[role].tableName]))
  }

  /** How keys are made, for the environment of a function that makes them. */
  keys(): Record<string, string> {
    const { uidWidth, saltBuckets, shelves } = this.#config
    return {
      [ENV.uidWidths]: `${uidWidth.metric},${uidWidth.tagk},${uidWidth.tagv}`,
      [ENV.saltBuckets]: String(saltBuckets),
      [ENV.shelves]: String(shelves),
    }
  }

  #table(id: string, tableName: string, more: Partial<TableProps> = {}): Table {
    return new Table(this, id, {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.BINARY },
      sortKey: { name: 'sk', type: AttributeType.BINARY },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: TableEncryption.AWS_MANAGED,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...more,
    })
  }
}

const TABLE_VARIABLES: Readonly<Record<TableRole, string>> = {
  data: ENV.tsdbTable,
  uid: ENV.uidTable,
  meta: ENV.metaTable,
  tree: ENV.treeTable,
}
