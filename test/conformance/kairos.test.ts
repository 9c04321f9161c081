import { groupNames } from './group.ts'
import { playGroups } from './play.ts'

playGroups(
  groupNames().filter((name) => name.startsWith('k_') && name !== 'k_sampling'),
  'KairosDB 1.3',
)
