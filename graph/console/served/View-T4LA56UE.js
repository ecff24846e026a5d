import{a as e}from"./chunk-CJ76XEFA.js";import{o,u as r}from"./chunk-332ZVVTN.js";function a(){return o(e,{heading:r.value.conversations.heading})}export{a as View};
