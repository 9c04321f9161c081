import fc from 'fast-check'

/*
 * Properties are checked on the same random inputs in every run, so that a test that passes here passes anywhere. To look
 * further, PROPERTY_SEED=7 takes other inputs and PROPERTY_RUNS=1000 more of them, where the test says no number itself.
 */
const { PROPERTY_SEED = '1', PROPERTY_RUNS = '100' } = process.env

fc.configureGlobal({ seed: Number(PROPERTY_SEED), numRuns: Number(PROPERTY_RUNS) })
