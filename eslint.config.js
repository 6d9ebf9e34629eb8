import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '.build/**',
      'dist/**',
      'node_modules/**',
      'bench/node_modules/**',
      'test/clients/node_modules/**',
      'coverage/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unused-expressions': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'use a const object' },
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
      ],
      complexity: ['error', 40],
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      'prefer-const': 'error',
      'no-console': 'off',
    },
  },
  { files: ['**/*.cts'], rules: { '@typescript-eslint/no-require-imports': 'off' } }, // scripts
  {
    files: ['lsm/**/*.ts', 'fts/**/*.ts', 'elmo/**/*.ts', 'server-compat/**/*.ts'],
    ignores: ['lsm/env/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'take the clock of env/' },
        { object: 'Math', property: 'random', message: 'take the random source of env/' },
      ],
    },
  },
);
