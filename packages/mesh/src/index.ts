export { createMesh, type MeshComponents } from './create-mesh.js';
export {
  type MemberView,
  type Mesh,
  MeshError,
  type MeshLog,
  type MeshOptions,
  type MeshSettings,
  type MeshStatus,
} from './mesh.js';
export type { MeshFigures } from './mesh-figures.js';
export { MESH_KEY_BYTES_MIN } from './mesh-key.js';
export type {
  Answer,
  Answers,
  Asked,
  AskOptions,
  MeshQuestions,
  NoAnswerReason,
  QuestionHandler,
} from './query/mesh-questions.js';
