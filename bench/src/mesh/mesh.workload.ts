import { onStage } from '../stage.adapter.js';
import type { RunOptions, RunResult, Workload } from '../workload.js';
import { Mesh, type MeshShape } from './mesh.adapter.js';
import { COST_SYSTEMS, MESH_SYSTEMS } from './systems/catalogue.js';

const W2_PER_SECOND = 500;
const W3_PER_SECOND = 50;
const SMALL: MeshShape = { nodes: 4, countsCopies: false };
const LARGE: MeshShape = { nodes: 16, countsCopies: true };

/** Measures on a fresh mesh. */
function onMesh(shape: MeshShape, measure: (mesh: Mesh, options: RunOptions) => Promise<RunResult>): Workload['run'] {
  return (system, options) =>
    onStage(options, async (stage) => measure(await Mesh.start(stage, system, shape), options));
}

/** Throughput: 4 nodes, all subscribed, one publishes flat out. */
export const w1: Workload = {
  name: 'w1',
  title: '4 nodes, one publishes flat out, all subscribed',
  seconds: 5,
  systems: MESH_SYSTEMS,
  run: onMesh(SMALL, (mesh, { warmSeconds, seconds }) => mesh.flood(warmSeconds, seconds)),
};

/** Latency of a steady stream. */
export const w2: Workload = {
  name: 'w2',
  title: `4 nodes, one publishes ${W2_PER_SECOND} messages a second`,
  seconds: 10,
  systems: MESH_SYSTEMS,
  run: onMesh(SMALL, (mesh, { warmSeconds, seconds }) => mesh.pace(W2_PER_SECOND, warmSeconds, seconds)),
};

/** Latency where each message has many receivers. */
export const w3: Workload = {
  name: 'w3',
  title: `16 nodes, one publishes ${W3_PER_SECOND} messages a second`,
  seconds: 10,
  systems: MESH_SYSTEMS,
  run: onMesh(LARGE, (mesh, { warmSeconds, seconds }) => mesh.pace(W3_PER_SECOND, warmSeconds, seconds)),
};

/** What signatures, seals and the disk cost: the flood of `w1` without one of them at a time. */
export const cost: Workload = {
  name: 'cost',
  title: '4 nodes, one publishes flat out; what each seal and each store costs',
  seconds: 5,
  systems: COST_SYSTEMS,
  run: onMesh(SMALL, (mesh, { warmSeconds, seconds }) => mesh.flood(warmSeconds, seconds)),
};
