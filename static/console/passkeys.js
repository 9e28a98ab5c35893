// Passkeys: the browser's own dialogue, then the form is sent with what it gave. Options come from the page, or
// from the server when the form says where. Nothing of allauth's scripts, which run from inline data.
"use strict";

(() => {
  if (!window.PublicKeyCredential) return;

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const withBytes = (keys) => (keys || []).map((key) => ({ ...key, id: toBytes(key.id) }));

  async function options(form) {
    if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("options");
    return answer.json();
  }

  async function create(form) {
    const { publicKey } = (await options(form)).creation_options;
    const alone = form.querySelector("[data-passwordless]").checked;
    publicKey.challenge = toBytes(publicKey.challenge);
    publicKey.user.id = toBytes(publicKey.user.id);
    publicKey.excludeCredentials = withBytes(publicKey.excludeCredentials);
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      ...(alone ? { userVerification: "required" } : {}),
    };
    const key = await navigator.credentials.create({ publicKey });
    return told(key, {
      attestationObject: toText(key.response.attestationObject),
      transports: key.response.getTransports ? key.response.getTransports() : [],
    });
  }

  async function get(form) {
    const { publicKey } = (await options(form)).request_options;
    publicKey.challenge = toBytes(publicKey.challenge);
    publicKey.allowCredentials = withBytes(publicKey.allowCredentials);
    const key = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = key.response;
    return told(key, {
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle ? toText(userHandle) : null,
    });
  }

  const told = (key, response) => ({
    type: key.type,
    id: key.id,
    rawId: toText(key.rawId),
    authenticatorAttachment: key.authenticatorAttachment,
    response: { clientDataJSON: toText(key.response.clientDataJSON), ...response },
    clientExtensionResults: key.getClientExtensionResults(),
  });

  const SENTENCES = {
    InvalidStateError: "Cette clé est déjà enregistrée.",
    NotAllowedError: "Aucune clé n’a été présentée à temps. Réessayez quand vous voulez.",
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const error = form.querySelector("[data-passkey-error]");
    form.querySelector("button[type=submit]").hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      error.hidden = true;
      try {
        const credential = await (form.dataset.passkey === "create" ? create(form) : get(form));
        form.querySelector("[name=credential]").value = JSON.stringify(credential);
        form.submit();
      } catch (problem) {
        error.textContent = SENTENCES[problem.name] || "La clé n’a pas répondu. Réessayez, ou utilisez un code.";
        error.hidden = false;
      }
    });
  });
})();
