"""Pipecat 1.14 as the benchmark's peer: the same weights, the same stub model, the same clips in real time.

``python pipecat_call.py CLIPS.npz WHISPER_DIRECTORY PIPER_DIRECTORY CHAT_URL`` runs in an environment of its own (see
``requirements.txt``), imports nothing of VoxLoom, and speaks JSON lines: it writes ``{"ready": true}``; for each line
with a JSON list of clip names that it reads, it says these clips one after the other and writes a list of
``{"name", "first_sound", "early"}``: seconds from the end of the last word until the first audio frame of the reply
leaves the pipeline (a client would hear it later, by the way through a transport), or null; and whether a reply was
heard before the last word.

Silero, smart-turn v3.2, Whisper base on CTranslate2 (int8) and Piper, with Pipecat's defaults, but for no_speech_prob:
with 0.4 it drops whole turns.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import InputAudioRawFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
FRAME = RATE // 50
LEAD_SECONDS = 0.5
#: The longest wait for a reply, and what is waited for the rest of one: no turn begins in the work for the one before.
ANSWER_SECONDS = 8.0
REST_SECONDS = 1.5


class Microphone(FrameProcessor):
    """Where audio enters the pipeline."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Loudspeaker(FrameProcessor):
    """The times at which audio of replies leaves the pipeline."""

    def __init__(self):
        super().__init__()
        self.times = []

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.times.append(time.perf_counter())
        await self.push_frame(frame, direction)


class Caller:
    def __init__(self, microphone, loudspeaker):
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self._noise = np.random.default_rng(0)

    async def _send(self, samples, begin):
        """Frames of 20 ms, each when it has been spoken."""
        samples = samples + self._noise.standard_normal(samples.size).astype(np.float32) * 4e-4
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        for start in range(0, pcm.size - FRAME + 1, FRAME):
            await asyncio.sleep(max(0.0, begin + (start + FRAME) / RATE - time.perf_counter()))
            frame = InputAudioRawFrame(audio=pcm[start : start + FRAME].tobytes(), sample_rate=RATE, num_channels=1)
            await self._microphone.push_frame(frame, FrameDirection.DOWNSTREAM)

    async def say(self, samples, ends):
        """Seconds from the end of the last word until the reply's first sound, None without; whether one was early."""
        begin = time.perf_counter()
        await self._send(np.concatenate([np.zeros(int(LEAD_SECONDS * RATE), np.float32), samples]), begin)
        spoken = begin + LEAD_SECONDS + ends
        silence, sent = np.zeros(FRAME, np.float32), begin + (int(LEAD_SECONDS * RATE) + samples.size) // FRAME * 0.02
        end = spoken + ANSWER_SECONDS
        first = None
        while time.perf_counter() < end:
            await self._send(silence, sent)
            sent += FRAME / RATE
            if first is None:
                first = next((each for each in self._loudspeaker.times if each > spoken), None)
                if first is not None:
                    end = first + REST_SECONDS
        early = any(begin < each < spoken for each in self._loudspeaker.times)
        return None if first is None else first - spoken, early


async def main(clips, whisper, piper, chat):
    with np.load(clips) as file:
        index = json.loads(str(file["index"]))
        samples = {name: file[name] for name in index}
    stt = WhisperSTTService(
        device="cpu",
        compute_type="int8",
        settings=WhisperSTTService.Settings(model=whisper, language=Language.EN, no_speech_prob=0.6),
    )
    llm = OpenAILLMService(api_key="none", base_url=chat, settings=OpenAILLMService.Settings(model="stub"))
    tts = PiperTTSService(download_dir=Path(piper), settings=PiperTTSService.Settings(voice="en_US-joe-medium"))
    context = LLMContext([{"role": "system", "content": "You are a billing agent."}])
    pair = LLMContextAggregatorPair(context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()))
    microphone, loudspeaker = Microphone(), Loudspeaker()
    worker = PipelineWorker(
        Pipeline([microphone, stt, pair.user(), llm, tts, loudspeaker, pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=22_050),
        cancel_on_idle_timeout=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(3)  # it tells of no moment at which it is ready
    caller = Caller(microphone, loudspeaker)
    write({"ready": True})
    while line := await asyncio.to_thread(sys.stdin.readline):
        rows = []
        for name in json.loads(line):
            first_sound, early = await caller.say(samples[name], index[name]["ends"])
            rows.append({"name": name, "first_sound": first_sound, "early": early})
        write(rows)
    await worker.cancel()
    running.cancel()


def write(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(main(*sys.argv[1:5]))
