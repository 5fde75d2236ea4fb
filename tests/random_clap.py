"""A small CLAP with random weights, saved as the hub has it: it hears and reads, and knows nothing."""

from __future__ import annotations

from pathlib import Path


def write_clap(folder: Path, *, fusion: bool = False) -> Path:
    """A CLAP with towers of two layers each, and the real one's feature extractor."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    size = _tokenizer(folder)
    text = {"vocab_size": size, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    text |= {"intermediate_size": 32, "max_position_embeddings": 66}
    audio = {"patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [2, 2], "hidden_size": 16}
    audio |= {"num_hidden_layers": 2, "enable_fusion": fusion, "aff_block_r": 2}
    torch.manual_seed(0)
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=12, logit_scale_init_value=20.0))
    with torch.no_grad():
        model.logit_scale_t.fill_(2.5)  # as a trained one has it: not the same as the other
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape)) if parameter.ndim > 1 else None
    model.save_pretrained(folder)
    truncation = "fusion" if fusion else "rand_trunc"
    ClapFeatureExtractor(truncation=truncation, frequency_min=50).save_pretrained(folder)
    return folder


def _tokenizer(folder: Path) -> int:
    """Saves a tokenizer of bytes with the numbers of RoBERTa's special tokens; its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    pieces = Tokenizer(models.BPE(unk_token="<unk>"))
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        ["dog barking", "car engine"],
        trainers.BpeTrainer(vocab_size=300, special_tokens=list(special.values()), initial_alphabet=alphabet),
    )
    pieces.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(token, pieces.token_to_id(token)) for token in special.values()]
    )
    PreTrainedTokenizerFast(tokenizer_object=pieces, model_max_length=512, **special).save_pretrained(folder)
    return int(pieces.get_vocab_size())
