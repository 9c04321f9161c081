import { suggestKeys, suggestMetrics, suggestValues } from '../api/names.ts'
import { aggregatorHint, fillHint } from '../model/hints.ts'
import {
  AUTO,
  type Downsample,
  FILLS,
  FILTER_TYPES,
  type Filter,
  NEW_RATE,
  type Query,
  type Rate,
} from '../model/page.ts'
import { Combobox } from '../parts/combobox.tsx'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { Select } from '../parts/select.tsx'
import { aggregators } from '../store/aggregators.ts'

interface QueryRowProps {
  readonly query: Query
  readonly letter: string
  readonly onChange: (change: Partial<Query>) => void
  readonly onRemove: (() => void) | undefined
}

const INTERVALS = ['10s', '30s', '1m', '5m', '10m', '15m', '30m', '1h', '6h', '12h', '1d', '1w', '0all']

/** One query: what is asked, and how it is made into lines. */
export function QueryRow({ query, letter, onChange, onRemove }: QueryRowProps) {
  const { metric, filters, downsample, rate, aggregator } = query
  const setFilter = (index: number, change: Partial<Filter>) =>
    onChange({ filters: filters.map((filter, i) => (i === index ? { ...filter, ...change } : filter)) })
  return (
    <fieldset class="query">
      <legend class="letter" title={`Query ${letter}`}>
        {letter}
      </legend>
      <Combobox
        class="metric"
        label="Metric"
        value={metric}
        placeholder="Metric: type or pick"
        suggest={suggestMetrics}
        onPick={(name) => onChange({ metric: name, ...(name !== metric && metric !== '' && { filters: [] }) })}
      />
      {filters.map((filter, index) => (
        <FilterChip
          // A filter is known by its place: two may be alike.
          key={index}
          metric={metric}
          filter={filter}
          onChange={(change) => setFilter(index, change)}
          onRemove={() => onChange({ filters: filters.filter((_, i) => i !== index) })}
        />
      ))}
      {metric !== '' && (
        <button
          type="button"
          class="button quiet"
          title="Take only some series, or one line for each value of a tag"
          onClick={() =>
            onChange({ filters: [...filters, { tagk: '', type: 'literal_or', filter: '', groupBy: true }] })
          }
        >
          <Icon name="add" /> Tag
        </button>
      )}
      <span class="how">
        <span class="chip labelled">
          <i>combine</i>
          <Select
            label="Aggregator"
            title={aggregatorHint(aggregator)}
            value={aggregator}
            options={aggregators.value}
            onChange={(name) => onChange({ aggregator: name })}
          />
        </span>
        <DownsampleFields downsample={downsample} onChange={(next) => onChange({ downsample: next })} />
        <label class="check">
          <input
            type="checkbox"
            checked={rate !== undefined}
            onChange={(event) => onChange({ rate: event.currentTarget.checked ? NEW_RATE : undefined })}
          />
          Rate
        </label>
        <Menu label={`More of query ${letter}`} button={<Icon name="more" />} class="right">
          {() => <MoreFields query={query} onChange={onChange} />}
        </Menu>
        {onRemove !== undefined && (
          <button
            type="button"
            class="button quiet"
            aria-label={`Remove query ${letter}`}
            title="Remove"
            onClick={onRemove}
          >
            <Icon name="close" />
          </button>
        )}
      </span>
    </fieldset>
  )
}

interface FilterChipProps {
  readonly metric: string
  readonly filter: Filter
  readonly onChange: (change: Partial<Filter>) => void
  readonly onRemove: () => void
}

function FilterChip({ metric, filter, onChange, onRemove }: FilterChipProps) {
  const { tagk, type, filter: text, groupBy } = filter
  const isNew = tagk === '' && text === ''
  return (
    <span class="chip">
      <Combobox
        class="key"
        label="Tag"
        value={tagk}
        placeholder="tag"
        autofocus={isNew}
        suggest={(begun, signal) => suggestKeys(metric, begun, signal)}
        onPick={(key) => onChange({ tagk: key, ...(text === '' && { filter: '*', type: 'wildcard' }) })}
      />
      <Select
        label="Kind of filter"
        value={type}
        options={FILTER_TYPES}
        names={FILTER_NAMES}
        onChange={(next) => onChange({ type: next })}
      />
      <Combobox
        class="value"
        label="Value"
        value={text}
        placeholder="value"
        suggest={(begun, signal) => suggestValues(metric, tagk, begun, signal)}
        onPick={(value) => onChange({ filter: value, ...typeFor(type, value) })}
      />
      <label class="check" title="A line for each value">
        <input
          type="checkbox"
          checked={groupBy}
          onChange={(event) => onChange({ groupBy: event.currentTarget.checked })}
        />
        each
      </label>
      <button type="button" class="button quiet" aria-label={`Remove filter ${tagk}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </span>
  )
}

const FILTER_NAMES: Readonly<Record<Filter['type'], string>> = {
  literal_or: '=',
  not_literal_or: '≠',
  wildcard: '= *',
  regexp: '~ regexp',
  iliteral_or: '= any case',
  not_iliteral_or: '≠ any case',
  iwildcard: '= * any case',
}

/** A star means a wildcard, and plain values are meant as they are. */
function typeFor(type: Filter['type'], value: string): Partial<Filter> {
  if (type === 'literal_or' && value.includes('*')) return { type: 'wildcard' }
  return type === 'wildcard' && value !== '' && !value.includes('*') ? { type: 'literal_or' } : {}
}

function DownsampleFields({ downsample, onChange }: { downsample: Downsample; onChange: (next: Downsample) => void }) {
  const value = downsample.kind === 'every' ? downsample.interval : downsample.kind
  const { fn, fill } = downsample.kind === 'raw' ? AUTO_PARTS : downsample
  const intervals = INTERVALS.includes(value) || downsample.kind !== 'every' ? INTERVALS : [value, ...INTERVALS]
  const pick = (next: string) => {
    if (next === 'raw') onChange({ kind: 'raw' })
    else if (next === 'auto') onChange({ kind: 'auto', fn, fill })
    else onChange({ kind: 'every', interval: next, fn, fill })
  }
  return (
    <span class="chip labelled">
      <i>every</i>
      <Select
        label="Interval"
        title="One point per interval; auto: one per pixel"
        value={value}
        options={['auto', 'raw', ...intervals]}
        names={{ auto: 'pixel', raw: 'point', '0all': 'range' }}
        onChange={pick}
      />
      {downsample.kind !== 'raw' && (
        <Select
          label="Downsample by"
          title={`Points of an interval become one. ${fillHint(fill)}`}
          value={fn}
          options={aggregators.value.filter((name) => name !== 'none')}
          onChange={(name) => onChange({ ...downsample, fn: name })}
        />
      )}
    </span>
  )
}

const AUTO_PARTS = AUTO.kind === 'auto' ? AUTO : { fn: 'avg', fill: 'none' as const }

function MoreFields({ query, onChange }: Pick<QueryRowProps, 'query' | 'onChange'>) {
  const { aggregator, downsample, rate, explicitTags, axis } = query
  const setRate = (change: Partial<Rate>) => onChange({ rate: { ...(rate ?? NEW_RATE), ...change } })
  return (
    <div class="fields">
      <p class="hint">
        <b>{aggregator}</b>: {aggregatorHint(aggregator)}
      </p>
      {downsample.kind !== 'raw' && (
        <div class="field">
          Empty intervals
          <Select
            label="Empty intervals"
            value={downsample.fill}
            options={FILLS}
            names={{ none: 'no point', nan: 'NaN', null: 'null', zero: '0' }}
            onChange={(fill) => onChange({ downsample: { ...downsample, fill } })}
          />
        </div>
      )}
      {downsample.kind !== 'raw' && <p class="hint">{fillHint(downsample.fill)}</p>}
      <div class="field">
        Axis
        <Select
          label="Axis"
          value={axis}
          options={['left', 'right'] as const}
          onChange={(side) => onChange({ axis: side })}
        />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={rate?.counter ?? false}
          onChange={(event) => setRate({ counter: event.currentTarget.checked })}
        />
        A counter: falls are overflows
      </label>
      {rate?.counter && (
        <>
          <div class="field">
            Its greatest value
            <NumberField label="Greatest value" value={rate.max} onChange={(max) => setRate({ max })} />
          </div>
          <div class="field">
            A rate above is a restart
            <NumberField label="Reset value" value={rate.reset} onChange={(reset) => setRate({ reset })} />
          </div>
          <label class="check">
            <input
              type="checkbox"
              checked={rate.dropResets}
              onChange={(event) => setRate({ dropResets: event.currentTarget.checked })}
            />
            Leave out falls
          </label>
        </>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={explicitTags}
          onChange={(event) => onChange({ explicitTags: event.currentTarget.checked })}
        />
        Only series with no other tags
      </label>
    </div>
  )
}

function NumberField({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return (
    <input
      type="text"
      inputmode="decimal"
      aria-label={label}
      value={value}
      onChange={(event) => {
        const text = event.currentTarget.value.trim()
        if (text === '' || Number.isFinite(Number(text))) onChange(text)
        else event.currentTarget.value = value
      }}
    />
  )
}
