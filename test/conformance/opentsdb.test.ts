import { groupNames } from './group.ts'
import { playGroups } from './play.ts'

playGroups(
  groupNames().filter((name) => !name.startsWith('k_')),
  'OpenTSDB 2.4.1',
)
