// In the browser's thread for sound: the microphone's samples as blocks of 16-bit numbers, and how loud each is.

/* global AudioWorkletProcessor, registerProcessor, sampleRate */
const BLOCK_S = 0.1;

registerProcessor(
  "blocks",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.block = new Int16Array(Math.round(BLOCK_S * sampleRate));
      this.filled = 0;
      this.loudest = 0;
      this.port.onmessage = () => this.#send(); // what is left, at the end
    }

    process([[samples]]) {
      for (const sample of samples ?? []) {
        const bounded = Math.max(-1, Math.min(1, sample));
        this.loudest = Math.max(this.loudest, Math.abs(bounded));
        this.block[this.filled++] = Math.round(bounded * 32767);
        if (this.filled === this.block.length) this.#send();
      }
      return true;
    }

    #send() {
      const { buffer } = this.block.slice(0, this.filled);
      this.port.postMessage({ buffer, loudest: this.loudest }, [buffer]);
      this.filled = 0;
      this.loudest = 0;
    }
  },
);
