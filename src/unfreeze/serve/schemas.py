"""The form of the answers, as the server's OpenAPI description shows it."""

from pydantic import BaseModel, Field


class ClassProbability(BaseModel):
    """A class and how probable it is."""

    name: str
    probability: float = Field(ge=0, le=1, description="Calibrated on pictures that trained nothing.")


class ProblemDetails(BaseModel):
    """Why there is no answer (RFC 9457)."""

    type: str = Field(description="A name for programs, such as urn:unfreeze:problem:queue-full.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was found, and what to do.")


class PictureAnswer(BaseModel):
    """What the model says of one picture."""

    name: str = Field(description="The file's name as it was sent.")
    names: list[str] = Field(description="The class, or all labels above 0.5; empty where it is none of these.")
    refused: bool = Field(description="None of these: too unlike the pictures that the model was trained on.")
    distance: float | None = Field(description="How unlike them; null where the model cannot tell.")
    classes: list[ClassProbability] = Field(description="The most probable classes, the first one first.")
    set: list[str] | None = Field(
        description="Classes that hold the true one as often as the model states; empty where it is none of these, "
        "null where the model states nothing."
    )
    square: str | None = Field(description="What the network saw: a PNG as a data URI, where it was asked for.")
    problem: ProblemDetails | None = Field(description="Why this picture has no answer; the others have theirs.")


class Answers(BaseModel):
    """What the model says of the pictures of one request, in their order."""

    model: str = Field(description="The model's name on this server.")
    version: str = Field(description="Changes whenever the model does.")
    pictures: list[PictureAnswer]


class Explanation(BaseModel):
    """Where in a picture the model saw a class."""

    model: str
    version: str
    class_: str = Field(serialization_alias="class")
    square: str = Field(description="What the network saw: a PNG as a data URI.")
    map: str = Field(description="The same, with orange where it speaks for the class and blue where against it.")


class Refusal(BaseModel):
    """From where on a picture is none of these."""

    distance: float
    expected: float | None = Field(description="What part of new pictures of the known kinds is refused.")


class ModelInfo(BaseModel):
    """What is said of a model."""

    name: str
    version: str
    classes: list[str]
    several: bool = Field(description="Whether a picture may have several labels, or none.")
    backbone: str
    size_px: int
    square: str = Field(description="How a picture becomes a square: crop, squash or pad.")
    temperature: float = Field(description="What logits are divided by, so that probabilities are calibrated.")
    refusal: Refusal | None
    coverage: float | None = Field(description="How often a picture's set holds its true class.")
    maps: bool = Field(description="Whether the model can show where it looked.")


class RequestLimits(BaseModel):
    """What a request may hold."""

    pictures: int
    picture_bytes: int
    request_bytes: int
    pixels: int


class ModelList(BaseModel):
    """All models; the first one answers who names none."""

    models: list[ModelInfo]
    limits: RequestLimits


class State(BaseModel):
    """That the server lives, or is ready."""

    status: str
