import 'uplot/dist/uPlot.min.css'
import './style.css'
import { render } from 'preact'
import { followLocation } from './store/page.ts'
import { followSystem } from './store/theme.ts'
import { App } from './views/app.tsx'

followSystem()
followLocation()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)
