import{a as e}from"./chunk-2TRKQZC6.js";import{o,u as r}from"./chunk-CBCETKWL.js";function a(){return o(e,{heading:r.value.conversations.heading})}export{a as View};
