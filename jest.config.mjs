/** Unit tests of everything written in TypeScript; in plain Node, each file on its own. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src'],
  testMatch: ['**/__tests__/**/*.test.ts', '**/__tests__/**/*.test.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      'ts-jest',
      { tsconfig: 'tsconfig.test.json', diagnostics: false }
    ]
  },
  moduleNameMapper: { '\\.svg$': '<rootDir>/src/lab/__tests__/svg.js' },
  maxWorkers: 2,
  testTimeout: 30000
};
