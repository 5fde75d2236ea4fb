// The microphone as blocks of PCM: 16 bits, little-endian as all machines are that browsers run on, one channel.

/** What the server's engines hear; other rates have to be changed there. */
const RATE_HZ = 16000;

/** What browsers do for telephony takes away what recognisers hear by. */
const SOUND = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Microphone {
  /** Asks for the microphone. `onBlock(buffer, loudest)` gets a tenth of a second, and its peak of 0 to 1. */
  static async open(onBlock) {
    if (!navigator.mediaDevices)
      throw new Error("Browsers give the microphone to pages that come over https, or from this machine, only.");
    const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND }).catch(refused);
    const microphone = new Microphone(stream);
    try {
      await microphone.#connect(onBlock);
    } catch (error) {
      await microphone.close();
      throw error;
    }
    return microphone;
  }

  constructor(stream) {
    this.stream = stream;
  }

  /** In hertz. */
  get rate() {
    return this.context.sampleRate;
  }

  /** Sends what is left, and gives the microphone back. */
  async close() {
    for (const track of this.stream.getTracks()) track.stop();
    if (this.node) {
      await new Promise((resolve) => {
        this.ended = resolve;
        this.node.port.postMessage("end");
      });
    }
    await this.context?.close();
  }

  async #connect(onBlock) {
    let source;
    this.context = new AudioContext({ sampleRate: RATE_HZ });
    try {
      source = this.context.createMediaStreamSource(this.stream);
    } catch {
      // Firefox changes no rates here
      await this.context.close();
      this.context = new AudioContext();
      source = this.context.createMediaStreamSource(this.stream);
    }
    await this.context.audioWorklet.addModule("/assets/js/live/worklet.js");
    this.node = new AudioWorkletNode(this.context, "blocks", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.node.port.onmessage = ({ data: { buffer, loudest } }) => {
      if (buffer.byteLength) onBlock(buffer, loudest);
      this.ended?.();
    };
    source.connect(this.node);
    await this.context.resume();
  }
}

function refused(error) {
  const why = {
    NotAllowedError: "The microphone was not allowed; the browser's address bar has the switch for it.",
    NotFoundError: "There is no microphone.",
    NotReadableError: "The microphone is in use elsewhere.",
  };
  throw new Error(why[error.name] ?? error.message);
}
