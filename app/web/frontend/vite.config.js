import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const COMPRESSIBLE = /\.(js|css|html|ttf|json|svg)$/;

/** Leaves a .gz beside every file that shrinks, so that the gateway never compresses the same bytes twice. */
const compressed = () => {
  let folder = 'dist';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) { folder = join(config.root, config.build.outDir); },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true })) {
        const path = join(folder, name);
        if (!COMPRESSIBLE.test(name) || !statSync(path).isFile()) continue;
        const bytes = readFileSync(path);
        const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
        if (packed.length < bytes.length * 0.9) writeFileSync(`${path}.gz`, packed);
      }
    },
  };
};

export default defineConfig({
  base: '/console/',
  plugins: [react(), compressed()],
  worker: { format: 'es' },
  build: {
    chunkSizeWarningLimit: 9000,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { console: 'index.html', board: 'board.html' } },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:8000', ws: true }, '/console/session': 'http://127.0.0.1:8000', '/console/operations': 'http://127.0.0.1:8000' } },
});
