import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

const everyJupyterRule = Object.fromEntries(
  Object.keys(jupyter.rules).map(name => [`jupyter/${name}`, 'error'])
);

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      '.venv*',
      'lib',
      'dist',
      'jupyter_attest',
      'playwright-report',
      'test-results'
    ]
  },
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}', 'ui-tests/**/*.ts'],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json' }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }
      ],
      // A switch over a closed union names every case, or says `default` on purpose.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ],
      '@typescript-eslint/no-floating-promises': [
        'error',
        { ignoreVoid: true }
      ],
      curly: ['error', 'all'],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-arrow-callback': 'error'
    }
  },
  {
    // What people see: all of Jupyter's rules.
    files: [
      'src/index.ts',
      'src/tokens.ts',
      'src/lab/**/*.{ts,tsx}',
      'ui-tests/**/*.ts'
    ],
    plugins: { jupyter },
    rules: everyJupyterRule
  }
);
