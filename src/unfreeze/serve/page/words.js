/* How answers are put into words. */

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function verdict(picture) {
  if (picture.error) return "No answer";
  if (!picture.answer) return "Waiting …";
  if (picture.answer.refused) return "None of these";
  return picture.answer.names.join(", ") || "None of the labels";
}

function inOneLine(picture) {
  const { answer, error } = picture;
  if (error) return `${verdict(picture)}: ${error}`;
  const sure = answer && !answer.refused && answer.names.length;
  return sure ? `${verdict(picture)}, ${percent(answer.classes[0].probability)}` : verdict(picture);
}

function why(picture) {
  const { answer, model } = picture;
  if (picture.error) return picture.error;
  if (!answer?.refused) return "";
  const bound = model.refusal ? `: distance ${answer.distance?.toFixed(3) ?? "unknown"}, and up to ${model.refusal.distance.toFixed(3)} is accepted` : "";
  const wrongly = model.refusal?.expected ? ` About ${percent(model.refusal.expected)} of pictures that do belong to a class are refused too.` : "";
  return `It is unlike all pictures that the model was trained on${bound}.${wrongly} If it had to be one of the classes:`;
}

function membersInWords(picture) {
  const { answer, model } = picture;
  if (!answer?.set || answer.refused || model.coverage === null) return "";
  const names = answer.set.join(", ");
  const often = `holds the right class for ${percent(model.coverage).replace(".0", "")} of pictures`;
  return answer.set.length === 1 ? `The set that ${often} is ${names} alone.` : `The set that ${often}: ${names}.`;
}

function about(model) {
  const count = model.classes.length;
  const shown = model.classes.slice(0, 8).join(", ") + (count > 8 ? " and others" : "");
  const kind = model.several ? "labels, any number of them a picture" : count === 1 ? "class" : "classes";
  return `${model.name} knows ${count} ${kind}: ${shown}.`;
}

function told(pictures) {
  const done = pictures.filter((picture) => picture.answer || picture.error);
  const failed = pictures.filter((picture) => picture.error).length;
  const refused = pictures.filter((picture) => picture.answer?.refused).length;
  const count = `${done.length} of ${pictures.length} ${pictures.length === 1 ? "picture" : "pictures"} done`;
  const apart = [refused && `${refused} none of these`, failed && `${failed} without an answer`].filter(Boolean);
  return `${[count, ...apart].join(", ")}.`;
}
