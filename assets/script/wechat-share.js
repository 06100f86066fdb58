// Inside WeChat a shared page shows its own title, sentence and picture instead of its bare address. Anywhere else this
// does nothing, and a page without it works as well. What the card says stands in the page's Open Graph lines.
"use strict";

(() => {
  if (!/MicroMessenger/i.test(navigator.userAgent)) return;
  const said = (name) => document.querySelector(`meta[property="og:${name}"]`)?.content ?? "";
  const page = location.href.split("#")[0];

  // WeChat's own script is loaded only when this server has signed the page.
  const load = () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js";
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });

  const share = async () => {
    const answer = await fetch(`/wechat/config?url=${encodeURIComponent(page)}`);
    if (!answer.ok) return;
    const config = await answer.json();
    await load();
    const cards = ["updateAppMessageShareData", "updateTimelineShareData"];
    const card = { title: said("title"), desc: said("description"), link: said("url") || page, imgUrl: said("image") };
    wx.config({ ...config, debug: false, jsApiList: cards });
    wx.ready(() => cards.forEach((name) => wx[name](card)));
  };
  share().catch(() => {});
})();
